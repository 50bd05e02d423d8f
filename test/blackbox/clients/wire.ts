/** One HTTP request as a certain client puts it on the wire, and the reply with everything about it. */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';

export type Sent = {
  readonly method: string;
  readonly url: string;
  /** Exactly these and Host; nothing is added but what the way of sending needs. */
  readonly headers: Readonly<Record<string, string>>;
  /** Absent: none at all. */
  readonly body?: string;
  /**
   * `whole`: with its length. `chunked`: in pieces, without one. `expecting`: chunked, and not before the server has
   * said 100 Continue, as older .NET does. Default `whole`.
   */
  readonly as?: 'whole' | 'chunked' | 'expecting';
};

export type Reply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
};

/** Each on a connection of its own. */
export async function onWire({ method, url, headers, body, as = 'whole' }: Sent): Promise<Reply> {
  const sent = request(url, {
    method,
    agent: false,
    headers: { ...headers, ...lengthOf(body, as) },
    timeout: 30_000,
  });
  sent.on('timeout', () => sent.destroy(new Error(`${method} ${url}: no reply`)));
  const replied = once(sent, 'response') as Promise<[IncomingMessage]>;
  if (as === 'expecting') {
    sent.flushHeaders();
    await Promise.race([once(sent, 'continue'), replied]);
  }
  if (body !== undefined && as !== 'whole') {
    const middle = Math.floor(body.length / 2);
    sent.write(body.slice(0, middle));
    await new Promise((resolve) => setImmediate(resolve));
    sent.end(body.slice(middle));
  } else sent.end(body);
  const [reply] = await replied;
  const chunks: Buffer[] = [];
  for await (const chunk of reply) chunks.push(chunk as Buffer);
  return { status: reply.statusCode ?? 0, headers: reply.headers, text: Buffer.concat(chunks).toString() };
}

function lengthOf(body: string | undefined, as: Sent['as']): Record<string, string> {
  if (body === undefined) return {};
  if (as === 'whole') return { 'content-length': String(Buffer.byteLength(body)) };
  return { 'transfer-encoding': 'chunked', ...(as === 'expecting' ? { expect: '100-continue' } : {}) };
}
