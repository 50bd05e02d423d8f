/**
 * Bodies that are too long, as real clients send them: in chunks, without a length, still sending when the answer is
 * there.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobBody, makeTenant, startInstance, type Instance, type Tenant } from './instance.ts';

let instance: Instance;
let tenant: Tenant;

beforeAll(async () => {
  instance = await startInstance();
  tenant = await makeTenant(instance, 'ac'.repeat(16));
});
afterAll(() => instance.stop());

type Raw = {
  readonly head: string;
  readonly body: string;
  readonly sentBytes: number;
  readonly error?: string;
};

/** A client that sends what it has to the end before it looks at an answer, on a connection of its own. */
async function send(
  path: string,
  key: string,
  chunk: Buffer,
  chunks: number,
  options: { readonly pauseMs?: number; readonly last?: string; readonly keepOpen?: boolean } = {},
): Promise<Raw> {
  const { hostname, port } = new URL(instance.url);
  // It goes on sending when the server has said its last word.
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  let text = '';
  let error: string | undefined;
  let sentBytes = 0;
  socket.on('data', (data) => (text += data.toString()));
  socket.on('error', (one) => (error = one.message));
  const over = once(socket, 'close');
  await once(socket, 'connect');
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n${options.keepOpen === true ? '' : 'Connection: close\r\n'}\r\n`,
  );
  const frame = Buffer.concat([
    Buffer.from(`${chunk.byteLength.toString(16)}\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ]);
  for (let at = 0; at < chunks && socket.writable; at++) {
    if (!socket.write(frame)) await Promise.race([once(socket, 'drain'), over]);
    sentBytes += chunk.byteLength;
    if (options.pauseMs !== undefined) await new Promise((resolve) => setTimeout(resolve, options.pauseMs));
  }
  socket.write(`0\r\n\r\n${options.last ?? ''}`);
  if (socket.readableEnded) socket.end();
  else socket.once('end', () => socket.end());
  await over;
  const at = text.indexOf('\r\n\r\n');
  return {
    head: text.slice(0, at),
    body: text.slice(at + 4),
    sentBytes,
    ...(error === undefined ? {} : { error }),
  };
}

const mib = Buffer.alloc(1_048_576, 'x');
const registerPath = () => `${tenant.servicePath}/jobs?api-version=2.0`;

function expectTooLarge({ head, body, error }: Raw): void {
  expect(error).toBeUndefined();
  expect(head).toMatch(/^HTTP\/1\.1 413 /);
  const { error: envelope } = JSON.parse(body) as { error: { code: string; details: { code: string }[] } };
  expect(envelope).toMatchObject({
    code: 'MemoryQuotaViolation',
    details: [{ code: 'RequestBodyTooLarge', message: expect.stringMatching(/\d+ bytes/) }],
  });
}

describe('10 MB in chunks get their 413, whole and without a reset', () => {
  it('of a job', async () => {
    const raw = await send(registerPath(), tenant.serviceKey, mib, 10);
    expect(raw.sentBytes).toBe(10 * mib.byteLength);
    expectTooLarge(raw);
  });

  it('of a management call', async () =>
    expectTooLarge(await send(tenant.pools, tenant.accountKey, mib, 10)));

  it('sent slowly', async () => {
    expectTooLarge(
      await send(registerPath(), tenant.serviceKey, mib.subarray(0, 65_536), 12, { pauseMs: 50 }),
    );
  });

  it('and the next request on the same connection is answered too', async () => {
    const next = `GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    const raw = await send(registerPath(), tenant.serviceKey, mib, 10, { last: next, keepOpen: true });
    expect(raw.error).toBeUndefined();
    expect(raw.body).toContain('RequestBodyTooLarge');
    expect(raw.body).toMatch(/HTTP\/1\.1 200 [^]*"status":"ok"/);
  });

  it('of nobody: 401 without a look at it', async () => {
    const raw = await send(registerPath(), 'no-key', mib, 10);
    expect(raw.error).toBeUndefined();
    expect(raw.head).toMatch(/^HTTP\/1\.1 401 /);
  });
});

it('a length that is too long is answered before anything is sent, and with Expect before it is asked for', async () => {
  const { hostname, port } = new URL(instance.url);
  // Closed before its answer it would have broken off its own request, which is 400.
  const socket = connect({ port: Number(port), host: hostname });
  let text = '';
  socket.on('data', (data) => (text += data.toString()));
  const over = once(socket, 'close');
  socket.write(
    `POST ${registerPath()} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tenant.serviceKey}\r\nContent-Length: 10485760\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n`,
  );
  await over;
  expect(text).toMatch(/^HTTP\/1\.1 413 [^]*RequestBodyTooLarge/);
});

it('a job of just the longest body, with a length or without one, is taken', async () => {
  const text = JSON.stringify(jobBody(instance, undefined, 'a.csv', 'b.csv'));
  const whole = Buffer.from(text + ' '.repeat(262_144 - Buffer.byteLength(text)));
  const raw = await send(registerPath(), tenant.serviceKey, whole, 1);
  expect(raw.head).toMatch(/^HTTP\/1\.1 200 /);
  const { status } = await instance.call('POST', registerPath(), tenant.serviceKey, whole.toString());
  expect(status).toBe(200);
});

it('a job of several MB sent by a client of the platform is 413', async () => {
  const stream = new ReadableStream({
    start: (controller) => {
      for (let at = 0; at < 5; at++) controller.enqueue(new Uint8Array(mib));
      controller.close();
    },
  });
  const reply = await fetch(new URL(registerPath(), instance.url), {
    method: 'POST',
    headers: { authorization: `Bearer ${tenant.serviceKey}`, 'content-type': 'application/json' },
    body: stream,
    duplex: 'half',
  });
  expect(reply.status).toBe(413);
});
