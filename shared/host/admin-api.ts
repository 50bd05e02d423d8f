/**
 * The part of the real host's admin API that tools use locally: status, ping, the list of functions, a manual run of a
 * timer.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { hostVersion } from './functions-core.ts';
import { isDisabled, triggerOf } from './http-functions.ts';
import type { RegisteredFunction } from './core-types.ts';

/** Answers what it knows.
 * @returns false when the path is not its own */
export type AdminApi = (req: IncomingMessage, res: ServerResponse, path: string) => Promise<boolean>;

export type AdminOptions = {
  readonly hostId: string;
  readonly functions: ReadonlyMap<string, RegisteredFunction>;
  readonly settings: Readonly<Record<string, string | undefined>>;
  readonly urlOf: (name: string) => string | undefined;
  /** Starts a run of a timer; false when there is no such timer. */
  readonly runNow: (name: string) => boolean;
};

const inputBytesMax = 1 << 20;

export function makeAdminApi(options: AdminOptions): AdminApi {
  return async (req, res, path) => {
    const lower = path.toLowerCase().replace(/\/$/, '');
    const isRead = req.method === 'GET';
    if (lower === '/admin/host/status' && isRead) return json(res, 200, status(options.hostId));
    if (lower === '/admin/host/ping' && (isRead || req.method === 'POST')) return json(res, 200, undefined);
    if (lower === '/admin/functions' && isRead)
      return json(res, 200, list(options, req.headers.host ?? 'localhost'));
    const name = /^\/admin\/functions\/([^/]+)$/.exec(lower)?.[1];
    if (name === undefined || req.method !== 'POST') return false;
    return json(res, await run(options, name, req), undefined);
  };
}

async function run(options: AdminOptions, lowerName: string, req: IncomingMessage): Promise<number> {
  if (!/^application\/json\b/i.test(req.headers['content-type'] ?? '')) return 415;
  let text = '';
  for await (const chunk of req.setEncoding('utf8')) if (text.length < inputBytesMax) text += String(chunk);
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== 'object' || body === null) return 400;
    const input: unknown = 'input' in body ? body.input : null;
    if (typeof input === 'object' && input !== null) return 400;
  } catch {
    return 400;
  }
  const name = [...options.functions.keys()].find((one) => one.toLowerCase() === lowerName);
  if (name === undefined) return 404;
  return options.runNow(name) ? 202 : 400;
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

function list({ functions, settings, urlOf }: AdminOptions, host: string): object[] {
  return [...functions.values()].map(({ metadata: { name, bindings } }) => ({
    name,
    href: `http://${host}/admin/functions/${name}`,
    invoke_url_template: urlOf(name) ?? null,
    language: 'node',
    config: { bindings: Object.entries(bindings).map(([key, binding]) => ({ ...binding, name: key })) },
    isDisabled: isDisabled(name, settings),
    isDirect: true,
    isProxy: false,
  }));
}

/** Whether a function is started by a timer. */
export function isTimer(fn: RegisteredFunction): boolean {
  return String(triggerOf(fn).options['type']).toLowerCase() === 'timertrigger';
}

function json(res: ServerResponse, code: number, value: object | undefined): true {
  const body = value === undefined ? '' : JSON.stringify(value);
  res.statusCode = code;
  if (body !== '') res.setHeader('content-type', 'application/json; charset=utf-8');
  res.setHeader('content-length', Buffer.byteLength(body)).end(body);
  return true;
}
