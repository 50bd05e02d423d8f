/**
 * The part of the real host's admin API that tools use locally: status, ping, the list of functions, a run by hand.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { askForBody } from './ask-for-body.ts';
import type { RegisteredFunction } from './core-types.ts';
import { hostVersion } from './functions-core.ts';
import { isDisabled } from './http-functions.ts';

/** Answers what it knows; rejects when the request breaks off.
 * @returns false when the path is not its own */
export type AdminApi = (req: IncomingMessage, res: ServerResponse, path: string) => Promise<boolean>;

export type AdminOptions = {
  readonly hostId: string;
  readonly functions: readonly RegisteredFunction[];
  readonly settings: Readonly<Record<string, string | undefined>>;
  /** Of the HTTP functions, by name. */
  readonly urls: ReadonlyMap<string, string>;
  /** Starts a run of one of the functions; what becomes of it is in the log. */
  readonly runNow: (name: string) => void;
};

const json = 'application/json; charset=utf-8';
/** What asks for a run is a few bytes of JSON, and is held in memory. */
const bodyBytesMax = 4 << 20;

export function makeAdminApi(options: AdminOptions): AdminApi {
  return async (req, res, path) => {
    const [, , kind = '', name = '', ...more] = path.replace(/\/$/, '').toLowerCase().split('/');
    const isPost = req.method === 'POST';
    if (more.length > 0 || (req.method !== 'GET' && !isPost)) return false;
    const answer = (status: number, body?: object): true => {
      const bytes = Buffer.from(body === undefined ? '' : JSON.stringify(body));
      res.writeHead(status, { 'content-length': bytes.length, ...(body ? { 'content-type': json } : {}) });
      return (res.end(bytes), true);
    };
    if (kind === 'host' && name === 'status' && !isPost) return answer(200, status(options.hostId));
    if (kind === 'host' && name === 'ping') return answer(200);
    if (kind === 'functions' && name === '' && !isPost) return answer(200, list(options, req));
    return kind === 'functions' && name !== '' && isPost && answer(await run(options, name, req, res));
  };
}

/** 202 for every function that there is, as the real host answers before it tries. */
async function run(
  options: AdminOptions,
  lowerName: string,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<number> {
  if (!/^application\/json\b/i.test(req.headers['content-type'] ?? '')) return 415;
  askForBody(req, res);
  const text = await readText(req);
  if (text === undefined) {
    // What is left of it would stand before the connection's next request.
    req.resume();
    return 413;
  }
  const body = parse(text);
  if (typeof body !== 'object' || body === null) return 400;
  if ('input' in body && typeof body.input === 'object' && body.input !== null) return 400;
  const found = options.functions.find(({ metadata }) => metadata.name.toLowerCase() === lowerName);
  if (found === undefined) return 404;
  options.runNow(found.metadata.name);
  return 202;
}

/** Undefined when it is too long; the rest is not read then. */
async function readText(req: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length;
    if (bytes > bodyBytesMax) return undefined;
    chunks.push(chunk as Buffer);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function status(id: string): object {
  return {
    id,
    state: 'Running',
    version: hostVersion,
    versionDetails: `${hostVersion} (embedded)`,
    platformVersion: process.version,
    instanceId: String(process.pid),
    processUptime: Math.round(process.uptime() * 1000),
  };
}

function list({ functions, settings, urls }: AdminOptions, req: IncomingMessage): object[] {
  return functions.map(({ metadata: { name, bindings } }) => ({
    name,
    href: `http://${req.headers.host ?? 'localhost'}/admin/functions/${name}`,
    invoke_url_template: urls.get(name) ?? null,
    language: 'node',
    config: { bindings: Object.entries(bindings).map(([key, binding]) => ({ ...binding, name: key })) },
    isDisabled: isDisabled(name, settings),
    isDirect: true,
    isProxy: false,
  }));
}
