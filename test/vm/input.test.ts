/** An input is one version of a blob, read in bounded memory whatever the connection does. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { defaultPatience } from '../../shared/vm/blob-patience.ts';
import { JobFault } from '../../shared/vm/job-fault.ts';
import { readBlob, type BlobSource } from '../../shared/vm/input-blob.ts';
import { randomId } from './blob-place.ts';
import type { Action } from './blob-proxy.ts';
import { scored, startJobBench, type JobBench } from './job-bench.ts';

let bench: JobBench;
beforeAll(async () => {
  bench = await startJobBench();
});
afterAll(async () => bench?.close());

let servers: Server[] = [];
afterEach(async () => {
  bench.proxy.rule(() => 'pass');
  for (const server of servers) server.closeAllConnections();
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  servers = [];
});

function gets(name: string) {
  return bench.proxy.seen.filter((one) => one.blob === name && one.method === 'GET');
}

const rows = Array.from({ length: 20_000 }, (_, i) => [i % 97, i % 89] as const);
const text = `a,b\n${rows.map(([a, b]) => `${a},${b}\n`).join('')}`;

test('a connection that breaks is taken up again where it broke, each byte once', async () => {
  const { assignment, inputName, outputName } = await bench.job({ input: text });
  bench.proxy.rule((seen) => {
    if (seen.method !== 'GET' || seen.blob !== inputName || seen.nth > 4) return 'pass';
    return seen.nth === 3 ? 'cut' : { afterBytes: 30_000 };
  });
  expect(await bench.run(assignment)).toEqual({ kind: 'finished', rows: rows.length });
  expect((await bench.place.text(outputName)) === scored(rows)).toBe(true);
  const ranges = gets(inputName).map((one) => one.range);
  expect(ranges).toHaveLength(5);
  expect(ranges[0]).toBe('');
  expect(ranges.slice(1).every((range) => /^bytes=\d+-$/.test(range))).toBe(true);
});

test('a blob that was replaced since the start of the job: one sentence, one request, no output', async () => {
  const { assignment, inputName, outputName } = await bench.job();
  await bench.place.input(inputName, 'a,b\n9,9\n');
  expect(await bench.run(assignment)).toEqual({
    kind: 'failed',
    code: 'InvalidBlob',
    message: expect.stringMatching(/^Input test-\w+\/\w+\.csv has changed since the job was started/),
  });
  expect(gets(inputName)).toHaveLength(1);
  expect(await bench.place.blob(outputName).exists()).toBe(false);
});

test('a blob that is replaced while it is read is not mixed with its successor', async () => {
  const { assignment, inputName, outputName } = await bench.job({ input: text });
  bench.proxy.rule(async (seen) => {
    if (seen.method !== 'GET' || seen.blob !== inputName) return 'pass';
    if (seen.nth === 1) return { afterBytes: 30_000 };
    await bench.place.input(inputName, text.replaceAll('1', '2'));
    return 'pass';
  });
  expect(await bench.run(assignment)).toMatchObject({ kind: 'failed', code: 'InvalidBlob' });
  expect(await bench.place.blob(outputName).exists()).toBe(false);
});

test('a blob that is gone, and one whose SAS has expired', async () => {
  const gone = await bench.job();
  await bench.place.blob(gone.inputName).delete();
  expect(await bench.run(gone.assignment)).toEqual({
    kind: 'failed',
    code: 'BlobNotFound',
    message: expect.stringContaining(`/${gone.inputName} is gone`),
  });
  const late = await bench.job();
  const input = late.assignment.inputs['input1'];
  if (input === undefined) throw new Error('no input');
  const url = bench.proxy.through(await bench.place.inputSas(late.inputName, 'r', -60_000));
  const outcome = await bench.run({ ...late.assignment, inputs: { input1: { ...input, url } } });
  expect(outcome).toEqual({
    kind: 'failed',
    code: 'InvalidBlob',
    message: expect.stringMatching(/may not be read \(403 \w+\): its SAS has expired/),
  });
  expect(JSON.stringify(outcome)).not.toContain('sig=');
});

test('a blob stored compressed is not taken for text', async () => {
  const name = `${randomId()}.csv`;
  const { assignment } = await bench.job({ inputName: name });
  const bytes = gzipSync('a,b\n1,2\n');
  const { etag = '' } = await bench.place
    .blob(name)
    .upload(bytes, bytes.length, { blobHTTPHeaders: { blobContentEncoding: 'gzip' } });
  const input = assignment.inputs['input1'];
  if (input === undefined) throw new Error('no input');
  const inputs = { input1: { ...input, etag, bytes: bytes.length } };
  expect(await bench.run({ ...assignment, inputs })).toMatchObject({
    kind: 'failed',
    message: expect.stringContaining('Content-Encoding gzip'),
  });
});

test.each(['utf-8', 'UTF8'])(
  'a Content-Encoding %s, which names a charset, is none',
  async (blobContentEncoding) => {
    const name = `${randomId()}.csv`;
    const { assignment, outputName } = await bench.job({ inputName: name });
    const { etag = '' } = await bench.place
      .blob(name)
      .upload('a,b\n1,2\n', 8, { blobHTTPHeaders: { blobContentEncoding, blobContentType: 'text/plain' } });
    const input = assignment.inputs['input1'];
    if (input === undefined) throw new Error('no input');
    const inputs = { input1: { ...input, etag, bytes: 8 } };
    expect(await bench.run({ ...assignment, inputs })).toEqual({ kind: 'finished', rows: 1 });
    expect(await bench.place.text(outputName)).toBe('a,b,Scored Labels\n1,2,21\n');
  },
);

test.each([
  ['an empty file', '', 'InputParseError'],
  ['other columns', 'c,d\n1,2\n', 'InputMismatchError'],
  ['a cell that is no number', 'a,b\n1,two\n', 'InputParseError'],
])('%s: the engine says what is wrong, and nothing is written', async (_, input, code) => {
  const { assignment, outputName } = await bench.job({ input });
  expect(await bench.run(assignment)).toMatchObject({ kind: 'failed', code });
  expect(await bench.place.blob(outputName).exists()).toBe(false);
});

test('a web service without inputs scores one row: its parameters', async () => {
  const { assignment, outputName } = await bench.job();
  const lone = { ...assignment, inputs: {}, parameters: { a: 1, B: '2', 'millpond.rowErrors': 'fail' } };
  expect(await bench.run(lone)).toEqual({ kind: 'finished', rows: 1 });
  expect(await bench.place.text(outputName)).toBe('a,B,Scored Labels\n1,2,21\n');
  const { assignment: second } = await bench.job();
  expect(await bench.run({ ...second, inputs: {}, parameters: { a: 'one', b: 2 } })).toMatchObject({
    kind: 'failed',
    code: 'InputParseError',
    message: expect.stringMatching(
      /^GlobalParameters line 2 \(row 1\), column 'a': expected a number, found "one"/,
    ),
  });
});

test('a header alone gives a header alone; a .tsv is separated by tabs, a .csv by commas', async () => {
  const bare = await bench.job({ input: 'a,b\n' });
  expect(await bench.run(bare.assignment)).toEqual({ kind: 'finished', rows: 0 });
  expect(await bench.place.text(bare.outputName)).toBe(scored([]));
  const outputName = `${randomId()}.tsv`;
  const tabs = await bench.job({ input: 'a\tb\n1\t2\n', inputName: `${randomId()}.TSV`, outputName });
  expect(await bench.run(tabs.assignment)).toEqual({ kind: 'finished', rows: 1 });
  expect(await bench.place.text(outputName)).toBe('a\tb\tScored Labels\n1\t2\t21\n');
  const commas = await bench.job({ input: 'a\tb\n1\t2\n', inputName: `${randomId()}.tsv` });
  await bench.run(commas.assignment);
  expect(await bench.place.text(commas.outputName)).toBe('a,b,Scored Labels\n1,2,21\n');
});

test('parameters that name an input of the model are its constants, the others are not its business', async () => {
  const { assignment, outputName } = await bench.job({ input: 'a\n1\n2\n' });
  const parameters = { B: 3, 'millpond.rowErrors': 'fail', threshold: 0.5 };
  expect(await bench.run({ ...assignment, parameters })).toEqual({ kind: 'finished', rows: 2 });
  expect(await bench.place.text(outputName)).toBe('a,Scored Labels\n1,31\n2,32\n');
});

test('a job with two inputs is refused with a sentence', async () => {
  const { assignment } = await bench.job();
  const input = assignment.inputs['input1'];
  if (input === undefined) throw new Error('no input');
  expect(await bench.run({ ...assignment, inputs: { one: input, two: input } })).toMatchObject({
    kind: 'failed',
    message: 'A job has one input here at most, and this one has 2.',
  });
});

test('a storage that is not reached at all: failed when patience runs out, without the SAS', async () => {
  const { assignment, inputName } = await bench.job();
  bench.proxy.rule((seen) => (seen.blob === inputName ? 'cut' : 'pass'));
  const patience = { callMs: 10_000, stageMs: 10_000, silenceMs: 1_000, giveUpMs: 20_000 };
  const outcome = await bench.run(assignment, { patience });
  expect(outcome).toMatchObject({
    kind: 'failed',
    code: 'InvalidBlob',
    message: expect.stringMatching(
      /could not be reached: its host 127\.0\.0\.1:\d+ did not answer within 1 s \(/,
    ),
  });
  expect(JSON.stringify(outcome)).not.toContain('sig=');
});

const hasty = { callMs: 10_000, stageMs: 10_000, silenceMs: 700, giveUpMs: 20_000 };

test.each(['input', 'output'])(
  'a host of the %s that takes calls and answers none: one bounded wait',
  async (which) => {
    const { assignment, inputName, outputName } = await bench.job();
    const silent = which === 'input' ? inputName : outputName;
    bench.proxy.rule((seen) => (seen.blob === silent ? new Promise<never>(() => undefined) : 'pass'));
    const sinceMs = performance.now();
    const outcome = await bench.run(assignment, { patience: hasty });
    expect(performance.now() - sinceMs).toBeLessThan(hasty.giveUpMs / 4);
    expect(outcome).toMatchObject({
      kind: 'failed',
      code: 'InvalidBlob',
      message: expect.stringMatching(
        new RegExp(
          `^${which === 'input' ? 'Input' : 'Output'} .* its host 127.* did not answer within 1 s \\(no answer`,
        ),
      ),
    });
  },
);

test('a dead host is given up long before one that answers: half a minute in all', () => {
  expect(defaultPatience).toMatchObject({ silenceMs: 30_000, giveUpMs: 180_000 });
  expect(defaultPatience.callMs).toBeLessThanOrEqual(defaultPatience.silenceMs / 3);
});

test('a host that says that it is in trouble, or has answered before, is borne with for longer', async () => {
  const { assignment, inputName, outputName } = await bench.job();
  const firstMs = new Map<string, number>();
  bench.proxy.rule(({ blob, comp, method }): Action => {
    const isCommit = blob === outputName && comp === 'blocklist';
    if (!isCommit && !(blob === inputName && method === 'GET')) return 'pass';
    const sinceMs = firstMs.get(blob) ?? performance.now();
    firstMs.set(blob, sinceMs);
    if (performance.now() - sinceMs > 2 * hasty.silenceMs) return 'pass';
    return isCommit ? 'cut' : { status: 503, code: 'ServerBusy' };
  });
  expect(await bench.run(assignment, { patience: hasty })).toEqual({ kind: 'finished', rows: 2 });
});

async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(handle);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  return `http://127.0.0.1:${address.port}/blob`;
}

function source(url: string, bytes: number, callMs = 10_000, giveUpMs = 10_000): BlobSource {
  return {
    url,
    bytes,
    patience: { callMs, stageMs: callMs, silenceMs: giveUpMs, giveUpMs, openHosts: ['127.0.0.1'] },
    refused: (refusal) => new JobFault('InvalidBlob', `refused ${refusal.status}`),
    notReached: (why) => new JobFault('InvalidBlob', why),
  };
}

const never = new AbortController().signal;

test('back-pressure: what a slow reader has not taken stays at the server', async () => {
  const bytes = 64 * 1024 * 1024;
  let sentBytes = 0;
  const chunk = Buffer.alloc(64 * 1024);
  const stuck = Promise.withResolvers<void>();
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-length': bytes });
    const push = () => {
      while (sentBytes < bytes) {
        sentBytes += chunk.length;
        if (response.write(chunk)) continue;
        // A write that the reader's side does not take within this time is held back by it.
        const held = setTimeout(stuck.resolve, 300);
        response.once('drain', () => {
          clearTimeout(held);
          push();
        });
        return;
      }
      response.end();
    };
    push();
  });
  const chunks = readBlob(source(url, bytes), never);
  let readBytes = (await chunks.next()).value?.length ?? 0;
  await stuck.promise;
  expect(sentBytes).toBeLessThan(bytes / 4);
  for await (const more of chunks) readBytes += more.length;
  expect(readBytes).toBe(bytes);
});

test('a server that falls silent in the middle counts as a broken connection', async () => {
  let calls = 0;
  const url = await serve((request, response) => {
    calls += 1;
    if (calls === 1) {
      response.writeHead(200, { 'content-length': 10 }).write('01234');
      return;
    }
    expect(request.headers.range).toBe('bytes=5-');
    response.writeHead(206, { 'content-length': 5 }).end('56789');
  });
  const parts: Uint8Array[] = [];
  for await (const chunk of readBlob(source(url, 10, 1_000), never)) parts.push(chunk);
  expect(Buffer.concat(parts).toString()).toBe('0123456789');
  expect(calls).toBe(2);
});

test('a server that starts again from the front is not believed', async () => {
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-length': 10 });
    response.write('01234', () => setImmediate(() => response.destroy()));
  });
  const read = async () => {
    for await (const chunk of readBlob(source(url, 10, 10_000, 1_000), never)) void chunk;
  };
  await expect(read()).rejects.toThrow('it does not serve ranges');
});

test('a redirect is not followed', async () => {
  let followed = 0;
  const elsewhere = await serve((_, response) => {
    followed += 1;
    response.end('x');
  });
  const url = await serve((_, response) => void response.writeHead(302, { location: elsewhere }).end());
  await expect(readBlob(source(url, 1), never).next()).rejects.toThrow('refused 302');
  expect(followed).toBe(0);
});

test('when its signal fires, reading ends with its reason and the connection closes', async () => {
  const closed = Promise.withResolvers<void>();
  const url = await serve((request, response) => {
    request.socket.once('close', closed.resolve);
    response.writeHead(200, { 'content-length': 10 }).write('01234');
  });
  const stopping = new AbortController();
  const chunks = readBlob(source(url, 10), stopping.signal);
  await chunks.next();
  const next = chunks.next();
  stopping.abort('dropped');
  await expect(next).rejects.toBe('dropped');
  await closed.promise;
});
