/** An HTTP proxy in front of Azurite that loses requests and replies, answers 503, or hangs, when it is told to. */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

export type ProxyFault =
  /** The connection breaks before the request arrives, or after it was carried out. */
  | 'drop-request'
  | 'drop-reply'
  /** 503 instead of the request, or after it was carried out. */
  | 'busy'
  | 'busy-after'
  | 'server-error-after'
  /** Never an answer; the request does not arrive, or is carried out. */
  | 'hang'
  | 'hang-after'
  /** The head of the reply, and half of its body. */
  | 'cut-reply';

export type FaultProxy = {
  readonly url: string;
  /** What the next requests that `match` meet, one after the other. */
  inject(match: (method: string, path: string) => boolean, ...faults: ProxyFault[]): void;
  /** Requests that came since the last `inject`. */
  readonly requests: string[];
  stop(): Promise<void>;
};

/** @param target `http://127.0.0.1:port/account` */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const { origin, pathname } = new URL(target);
  let matches: (method: string, path: string) => boolean = () => false;
  let queue: ProxyFault[] = [];
  const requests: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url ?? '/';
    requests.push(`${incoming.method} ${path}`);
    const fault = matches(incoming.method ?? '', path) ? queue.shift() : undefined;
    handle(origin, fault, incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  return {
    url: `http://127.0.0.1:${address.port}${pathname}`,
    requests,
    inject(match, ...faults) {
      matches = match;
      queue = faults;
      requests.length = 0;
    },
    async stop() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}

async function handle(
  origin: string,
  fault: ProxyFault | undefined,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const body = await buffer(incoming);
  if (fault === 'drop-request') return void incoming.socket.destroy();
  if (fault === 'hang') return;
  if (fault === 'busy') return answer(outgoing, 503, 'ServerBusy');
  const { reply, content } = await forward(origin, incoming, body);
  if (fault === 'drop-reply') return void incoming.socket.destroy();
  if (fault === 'hang-after') return;
  if (fault === 'busy-after') return answer(outgoing, 503, '');
  if (fault === 'server-error-after') return answer(outgoing, 500, 'InternalError');
  outgoing.writeHead(reply.statusCode ?? 500, reply.headers);
  if (fault !== 'cut-reply') return void outgoing.end(content);
  outgoing.write(content.subarray(0, content.byteLength / 2), () => incoming.socket.destroy());
}

async function forward(origin: string, incoming: IncomingMessage, body: Buffer) {
  const headers = { ...incoming.headers, connection: 'close' };
  const outgoing = request(origin + incoming.url, { method: incoming.method, headers, agent: false });
  outgoing.end(body);
  const [reply] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { reply, content: await buffer(reply) };
}

function answer(outgoing: ServerResponse, status: number, code: string): void {
  const headers = { 'content-type': 'application/json', 'retry-after': '0' };
  outgoing
    .writeHead(status, headers)
    .end(JSON.stringify({ 'odata.error': { code, message: { value: 'injected' } } }));
}
