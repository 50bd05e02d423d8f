/** The HTTP side of the host: limits, the host's own pages, routing, and the end of running requests on shutdown. */
import { randomUUID } from 'node:crypto';
import type { SendHandle } from 'node:child_process';
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { AdminApi } from './admin-api.ts';
import { answerCors } from './cors.ts';
import type { HostConfig, LocalSettings } from './host-config.ts';
import type { HttpFunction } from './http-functions.ts';
import { answerEmpty, type HttpTransport } from './http-streaming.ts';
import { linger } from './linger.ts';
import type { Log } from './log.ts';
import { parseTarget } from './request-target.ts';
import type { RouteTable } from './route-table.ts';

export type HttpOptions = Pick<HostConfig, 'customHeaders' | 'requestsMax'> &
  Pick<LocalSettings, 'cors'> & {
    readonly routes: RouteTable<HttpFunction>;
    readonly transport: HttpTransport;
    readonly admin: AdminApi;
    readonly hasHomepage: boolean;
    readonly bodyBytesMax: number;
    readonly log: Log;
  };
export type HttpHost = {
  /** Accepts connections from the port that the supervisor holds; rejects when another program listens on it. */
  listen(port: SendHandle): Promise<void>;
  /**
   * Takes no new connections, closes idle ones now and the others after their answer; resolves when none is left or
   * `graceMs` is over.
   */
  drain(graceMs: number): Promise<void>;
  /** Takes no new connections; answers every running request with a 500 whose answer has not begun. */
  failAll(): void;
};

const requestLineBytesMax = 8192;
const headerBytesMax = 16_384;
const parserBytesMax = 65_536;
const keepAliveMs = 130_000;
const backlog = 2048;
const homepage = '<!doctype html><title>Functions host</title>Your Functions app is up and running';

export function makeHttpHost(options: HttpOptions): HttpHost {
  const running = new Set<ServerResponse>();
  /** Requests that were answered before they had come to their end. */
  const sending = new Set<IncomingMessage>();
  const idle = Promise.withResolvers<void>();
  let isDraining = false;
  const lookIfIdle = (): void => {
    if (isDraining && running.size === 0 && sending.size === 0) idle.resolve();
  };
  const server = http.createServer({
    maxHeaderSize: parserBytesMax,
    keepAliveTimeout: keepAliveMs,
    requestTimeout: 0,
    noDelay: true,
  });
  server.on('clientError', (error, socket) => {
    // Between the bytes of an answer that has begun, a second one would be read as a part of it.
    const begun = [...running].find((res) => res.headersSent && res.socket === socket);
    if (begun === undefined) answerClientError(error, socket as Socket);
    else begun.once('finish', () => (socket as Socket).destroySoon());
  });
  server.on('request', (req, res) => {
    running.add(res);
    linger(req);
    res.on('close', () => {
      running.delete(res);
      // Cut off while it sends, its client would be reset, and not see the answer that it was given.
      if (!req.complete && !req.destroyed) {
        sending.add(req);
        const end = (): void => {
          sending.delete(req);
          req.socket.off('close', end);
          lookIfIdle();
        };
        req.once('close', end);
        // An answered request does not hear that its client broke it off.
        req.socket.once('close', end);
      }
      lookIfIdle();
    });
    // The invocation has logged it, or a client of the host's own pages broke off; no client may hang.
    answer(options, running.size, req, res).catch(() => answerEmpty(res, 500));
  });
  // Node would ask for every body at once.
  server.on('checkContinue', (req, res) => server.emit('request', req, res));
  // Node would answer 417; the real host heeds 100-continue and nothing else.
  server.on('checkExpectation', (req, res) => server.emit('request', req, res));
  // Node would hang up on it.
  server.on('connect', (_req, socket) => socket.end(emptyAnswer('404 Not Found')));
  const close = (): void => {
    server.close();
    for (const res of running) if (!res.headersSent) res.setHeader('connection', 'close');
  };
  return {
    async listen(port) {
      server.listen(port, backlog);
      await once(server, 'listening');
    },
    async drain(graceMs) {
      isDraining = true;
      close();
      lookIfIdle();
      const timer = setTimeout(idle.resolve, graceMs);
      await idle.promise;
      clearTimeout(timer);
      server.closeAllConnections();
    },
    failAll() {
      close();
      for (const res of running) answerEmpty(res, 500);
    },
  };
}

async function answer(
  options: HttpOptions,
  running: number,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const { url = '/', method = 'GET' } = req;
  for (const [name, value] of Object.entries(options.customHeaders)) res.setHeader(name, value);
  const tooLarge = sizeStatus(req, url.length);
  const target = isHost(req.headers.host) ? parseTarget(url) : undefined;
  if (tooLarge !== undefined || target === undefined) return answerEmpty(res, tooLarge ?? 400);
  if (answerCors(options.cors, req, res)) return;
  const { path } = target;
  if (/^\/(?:admin\/?$|runtime\/webhooks(?:\/|$))/i.test(path)) return answerEmpty(res, 401);
  if (path.startsWith('/admin/') && (await options.admin(req, res, path))) return;
  if (path === '/' && options.hasHomepage)
    return void res.setHeader('content-type', 'text/html').end(homepage);
  const match = options.routes(method, path);
  // Without its page the real host answers 204 at its root.
  if (match === undefined) return path === '/' ? void res.writeHead(204).end() : answerEmpty(res, 404);
  if (running > options.requestsMax) return answerEmpty(res, 429);
  const { bodyBytesMax } = options;
  if (Number(req.headers['content-length'] ?? 0) > bodyBytesMax) {
    const { name } = match.route;
    const text = `a request body over ${bodyBytesMax} bytes for '${name}' was refused`;
    options.log('error', `Function.${name}`, text);
  } else await options.transport(req, res, { ...match, ...target, invocationId: randomUUID(), bodyBytesMax });
  answerEmpty(res, 500);
}

/** A name or an address with or without a port, as URLs are made of it; none at all is for Node to judge. */
function isHost(host: string | undefined): boolean {
  if (host === undefined || host === '') return true;
  return /^(?:[\w.~%-]+|\[[\da-f:.]+\])(?::\d{0,5})?$/i.test(host) && URL.canParse(`http://${host}/`);
}

/** 414 and 431 where the real host gives them, or hangs. */
function sizeStatus({ method = '', rawHeaders }: IncomingMessage, urlBytes: number): number | undefined {
  if (urlBytes + method.length + 12 > requestLineBytesMax) return 414;
  let bytes = urlBytes;
  for (const text of rawHeaders) bytes += text.length + 2;
  return bytes > headerBytesMax ? 431 : undefined;
}

function answerClientError(error: Error & { code?: string }, socket: Socket & { writable: boolean }): void {
  const statuses: Readonly<Record<string, string>> = {
    HPE_INVALID_METHOD: '404 Not Found',
    HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
    ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  };
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  socket.end(emptyAnswer(statuses[error.code ?? ''] ?? '400 Bad Request'));
}

function emptyAnswer(status: string): string {
  return `HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;
}
