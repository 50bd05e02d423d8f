/** An output is written once and whole: the table of conflicts, case by case, against a real Azurite. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Assignment } from '../../shared/core/vm-protocol.ts';
import type { Action } from './blob-proxy.ts';
import { scored, startJobBench, type JobBench } from './job-bench.ts';

let bench: JobBench;
beforeAll(async () => {
  bench = await startJobBench();
});
afterAll(async () => bench?.close());
afterEach(() => bench.proxy.rule(() => 'pass'));

const ours = scored([
  [1, 2],
  [3, 4],
]);

function marked(jobId: string, attempt = 1, rows = 77) {
  return { millpondjob: jobId, millpondattempt: String(attempt), millpondrows: String(rows) };
}

async function put(name: string, text: string, metadata: Record<string, string> = {}) {
  await bench.place.blob(name).upload(text, text.length, { metadata });
}

/** Lets `act` happen before the n-th commit of this blob reaches the storage. */
function beforeCommit(outputName: string, act: (nth: number) => Promise<unknown>) {
  bench.proxy.rule(async (seen): Promise<Action> => {
    if (seen.comp === 'blocklist' && seen.blob === outputName) await act(seen.nth);
    return 'pass';
  });
}

function requests(name: string, method: string, comp = '') {
  return bench.proxy.seen.filter((one) => one.blob === name && one.method === method && one.comp === comp);
}

test('a new output carries its job, attempt and rows', async () => {
  const { assignment, outputName } = await bench.job();
  expect(await bench.run({ ...assignment, attempt: 3 })).toEqual({ kind: 'finished', rows: 2 });
  expect(await bench.place.text(outputName)).toBe(ours);
  const properties = await bench.place.blob(outputName).getProperties();
  expect(properties.metadata).toEqual(marked(assignment.jobId, 3, 2));
  expect(properties.contentType).toBe('text/csv; charset=utf-8');
});

test('what stood there before is replaced whole', async () => {
  const { assignment, outputName } = await bench.job();
  await put(outputName, 'an older result', marked('f'.repeat(32)));
  expect(await bench.run(assignment)).toEqual({ kind: 'finished', rows: 2 });
  expect(await bench.place.text(outputName)).toBe(ours);
});

test('an earlier attempt has committed before this one begins: it finishes with that and reads nothing', async () => {
  const { assignment, inputName, outputName } = await bench.job();
  await put(outputName, 'by the first attempt', marked(assignment.jobId));
  expect(await bench.run({ ...assignment, attempt: 2 })).toEqual({ kind: 'finished', rows: 77 });
  expect(await bench.place.text(outputName)).toBe('by the first attempt');
  expect(requests(inputName, 'GET')).toEqual([]);
});

test('an earlier attempt commits while this one stages: it finishes with that', async () => {
  const { assignment, outputName } = await bench.job();
  beforeCommit(outputName, () => put(outputName, 'by the first attempt', marked(assignment.jobId)));
  expect(await bench.run({ ...assignment, attempt: 2 })).toEqual({ kind: 'finished', rows: 77 });
  expect(await bench.place.text(outputName)).toBe('by the first attempt');
  expect(requests(outputName, 'PUT', 'blocklist')).toHaveLength(1);
});

test.each([
  ['another job', marked('e'.repeat(32))],
  ['someone without a mark', {}],
])(
  '%s writes there meanwhile: asked whether the job is still ours, then staged again',
  async (_, metadata) => {
    const { assignment, outputName } = await bench.job();
    beforeCommit(outputName, async (nth) => nth <= 2 && put(outputName, 'theirs', metadata));
    let asked = 0;
    const outcome = await bench.run(assignment, { stillOurs: async () => void (asked += 1) });
    expect(outcome).toEqual({ kind: 'finished', rows: 2 });
    expect(asked).toBe(2);
    expect(await bench.place.text(outputName)).toBe(ours);
    expect(requests(outputName, 'PUT', 'block')).toHaveLength(3);
  },
);

test('the same over an older blob, whose version is noted anew', async () => {
  const { assignment, outputName } = await bench.job();
  await put(outputName, 'older');
  beforeCommit(outputName, async (nth) => nth === 1 && put(outputName, 'theirs'));
  expect(await bench.run(assignment)).toEqual({ kind: 'finished', rows: 2 });
  expect(await bench.place.text(outputName)).toBe(ours);
});

test('the blob is deleted meanwhile: written as a new one', async () => {
  const { assignment, outputName } = await bench.job();
  await put(outputName, 'older');
  beforeCommit(outputName, async (nth) => nth === 1 && bench.place.blob(outputName).delete());
  expect(await bench.run(assignment)).toEqual({ kind: 'finished', rows: 2 });
  expect(await bench.place.text(outputName)).toBe(ours);
});

test('someone else writes there again and again: it fails after ten more rounds, naming the blob', async () => {
  const { assignment, outputName } = await bench.job();
  beforeCommit(outputName, (nth) => put(outputName, `theirs ${nth}`));
  expect(await bench.run(assignment)).toEqual({
    kind: 'failed',
    code: 'InvalidBlob',
    message: expect.stringContaining(`/${outputName} was written by someone else each of the 11 times`),
  });
  expect(await bench.place.text(outputName)).toBe('theirs 11');
});

test('a conflict over a job that is no longer ours: nothing more is written', async () => {
  const { assignment, outputName } = await bench.job();
  const dropping = new AbortController();
  beforeCommit(outputName, () => put(outputName, 'theirs'));
  const stillOurs = async () => dropping.abort('dropped');
  await expect(bench.run(assignment, { signal: dropping.signal, stillOurs })).rejects.toBe('dropped');
  expect(await bench.place.text(outputName)).toBe('theirs');
  expect(requests(outputName, 'PUT', 'blocklist')).toHaveLength(1);
});

test('a lost reply of the commit is recognised as our own', async () => {
  const { assignment, outputName } = await bench.job();
  bench.proxy.rule((seen) => (seen.comp === 'blocklist' && seen.nth === 1 ? 'cut-reply' : 'pass'));
  expect(await bench.run(assignment)).toEqual({ kind: 'finished', rows: 2 });
  expect(await bench.place.text(outputName)).toBe(ours);
  expect(requests(outputName, 'PUT', 'block')).toHaveLength(1);
});

test('a storage in trouble is asked again', async () => {
  const { assignment, outputName } = await bench.job();
  bench.proxy.rule((seen) => {
    if (seen.nth > 1) return 'pass';
    return seen.comp === 'block' ? { status: 503, code: 'ServerBusy' } : 'cut';
  });
  expect(await bench.run(assignment)).toEqual({ kind: 'finished', rows: 2 });
  expect(await bench.place.text(outputName)).toBe(ours);
});

test('a block that is damaged on its way is sent again', async () => {
  const { assignment, outputName } = await bench.job();
  bench.proxy.rule((seen) => (seen.comp === 'block' && seen.nth === 1 ? 'damage' : 'pass'));
  expect(await bench.run(assignment)).toEqual({ kind: 'finished', rows: 2 });
  expect(await bench.place.text(outputName)).toBe(ours);
  expect(requests(outputName, 'PUT', 'block')).toHaveLength(2);
});

test.each(['at the start', 'before the commit'])(
  'a blob that is leased %s: a sentence of its own',
  async (when) => {
    const { assignment, outputName } = await bench.job();
    await put(outputName, 'leased');
    const lease = () => bench.place.blob(outputName).getBlobLeaseClient().acquireLease(-1);
    if (when === 'at the start') await lease();
    else beforeCommit(outputName, lease);
    expect(await bench.run(assignment)).toEqual({
      kind: 'failed',
      code: 'InvalidBlob',
      message: expect.stringMatching(/^Output test-\w+\/\w+-out\.csv is leased by someone else/),
    });
    expect(await bench.place.text(outputName)).toBe('leased');
  },
);

test.each(['rcw', 'cw'])(
  'an append blob (SAS %s): a sentence of its own, and it stays',
  async (permissions) => {
    const { assignment, inputName, outputName } = await bench.job({ permissions });
    await bench.place.container.getAppendBlobClient(outputName).create();
    expect(await bench.run(assignment)).toEqual({
      kind: 'failed',
      code: 'InvalidBlob',
      message: expect.stringContaining('results are block blobs'),
    });
    expect((await bench.place.blob(outputName).getProperties()).blobType).toBe('AppendBlob');
    // Where it may look, it need not score first.
    expect(requests(inputName, 'GET')).toHaveLength(permissions === 'rcw' ? 0 : 1);
  },
);

test('a SAS that may not read: written without a look, with the mark', async () => {
  const { assignment, outputName } = await bench.job({ permissions: 'cw' });
  await put(outputName, 'older');
  expect(await bench.run(assignment)).toEqual({ kind: 'finished', rows: 2 });
  expect(await bench.place.text(outputName)).toBe(ours);
  expect((await bench.place.blob(outputName).getProperties()).metadata).toMatchObject(
    marked(assignment.jobId, 1, 2),
  );
  expect(requests(outputName, 'HEAD')).toEqual([]);
});

test('blocks that the commit of another discarded are staged again', async () => {
  const { assignment, outputName } = await bench.job({ permissions: 'cw' });
  beforeCommit(outputName, async (nth) => {
    if (nth > 1) return;
    const blob = bench.place.blob(outputName);
    const id = Buffer.from('x'.repeat(48)).toString('base64');
    await blob.stageBlock(id, 'theirs', 6);
    await blob.commitBlockList([id]);
  });
  expect(await bench.run(assignment)).toEqual({ kind: 'finished', rows: 2 });
  expect(await bench.place.text(outputName)).toBe(ours);
  expect(requests(outputName, 'PUT', 'block')).toHaveLength(2);
});

test('a storage that calls a deleted blob missing where another says that the condition is not met', async () => {
  const { assignment, outputName } = await bench.job();
  bench.proxy.rule((seen) => {
    const isFirst = seen.comp === 'blocklist' && seen.nth === 1;
    return isFirst ? { status: 404, code: 'BlobNotFound' } : 'pass';
  });
  expect(await bench.run(assignment)).toEqual({ kind: 'finished', rows: 2 });
  expect(await bench.place.text(outputName)).toBe(ours);
});

test('a SAS that turns out not to read is treated the same', async () => {
  const { assignment, outputName } = await bench.job({ permissions: 'cw' });
  const output = assignment.outputs['output1'];
  if (output === undefined) throw new Error('no output');
  const believed = { ...assignment, outputs: { output1: { ...output, readable: true } } };
  expect(await bench.run(believed)).toEqual({ kind: 'finished', rows: 2 });
  expect(await bench.place.text(outputName)).toBe(ours);
});

test('a SAS that may not write is named', async () => {
  const { assignment } = await bench.job({ permissions: 'r' });
  expect(await bench.run(assignment)).toEqual({
    kind: 'failed',
    code: 'InvalidBlob',
    message: expect.stringMatching(
      /may not be written \(403 \w+\): its SAS lacks the right to write, or holds no more/,
    ),
  });
});

test('a SAS that expires between the last block and the commit is named', async () => {
  const { assignment, outputName } = await bench.job({ endsMs: 2_000 });
  const endMs = Date.now() + 2_000;
  beforeCommit(outputName, () => expect.poll(() => Date.now() > endMs, { timeout: 10_000 }).toBe(true));
  expect(await bench.run(assignment)).toEqual({
    kind: 'failed',
    code: 'InvalidBlob',
    message: expect.stringMatching(/its SAS has expired, at \d{4}-\d\d-\d\dT[\d:]+Z\. Give a SAS/),
  });
  expect(await bench.place.blob(outputName).exists()).toBe(false);
});

test('a container that is gone is named', async () => {
  const { assignment } = await bench.job();
  const output = assignment.outputs['output1'];
  if (output === undefined) throw new Error('no output');
  bench.proxy.rule((seen) => (seen.comp === 'block' ? { status: 404, code: 'ContainerNotFound' } : 'pass'));
  expect(await bench.run(assignment)).toEqual({
    kind: 'failed',
    code: 'BlobNotFound',
    message: expect.stringContaining('its container does not exist'),
  });
});

/** Rows enough for several blocks; every value of `a` is the same digit, so that mixed bytes would show. */
function many(a: number, rows: number) {
  const tail = 'x'.repeat(40);
  const input = `a,b,c\n${`${a},0,${tail}\n`.repeat(rows)}`;
  return { input, output: `a,b,c,Scored Labels\n${`${a},0,${tail},${a}\n`.repeat(rows)}` };
}

test('a large output goes up in blocks of 4 MiB, but for the last, each with its own bytes', async () => {
  const numbers = Array.from({ length: 600_000 }, (_, n) => n);
  const input = `a,b,c\n${numbers.map((n) => `${n},0,${'x'.repeat(n % 40)}\n`).join('')}`;
  const output = `a,b,c,Scored Labels\n${numbers.map((n) => `${n},0,${'x'.repeat(n % 40)},${n}\n`).join('')}`;
  const { assignment, outputName } = await bench.job({ input });
  expect(await bench.run(assignment)).toEqual({ kind: 'finished', rows: 600_000 });
  expect((await bench.place.text(outputName)) === output).toBe(true);
  // The last one, which is small, may overtake another.
  const blocks = requests(outputName, 'PUT', 'block')
    .map((one) => one.bytes)
    .toSorted((a, b) => b - a);
  // More than are under way at a time: the memory of the first ones is used again.
  expect(blocks.length).toBeGreaterThan(4);
  expect(new Set(blocks.slice(0, -1))).toEqual(new Set([4 * 1024 * 1024]));
  const list = await bench.place.blob(outputName).getBlockList('all');
  expect(list.uncommittedBlocks ?? []).toEqual([]);
});

/** Two assignments over one output: both have staged all their blocks before the first one commits. */
async function race(first: Assignment, second: Assignment, outputName: string) {
  const both = Promise.withResolvers<void>();
  const firstDone = Promise.withResolvers<void>();
  let arrived = 0;
  bench.proxy.rule(async (seen): Promise<Action> => {
    if (seen.comp !== 'blocklist' || seen.blob !== outputName) return 'pass';
    arrived += 1;
    if (arrived > 2) return 'pass';
    const order = arrived;
    if (arrived === 2) both.resolve();
    await both.promise;
    if (order === 2) await firstDone.promise;
    return 'pass';
  });
  const runs = [bench.run(first), bench.run(second)];
  await Promise.race(runs);
  firstDone.resolve();
  return Promise.all(runs);
}

test('two attempts of one job stage at the same time: one whole output, both finish with it', async () => {
  const one = many(1, 120_000);
  const two = many(2, 120_000);
  const first = await bench.job({ input: one.input });
  // The same job in truth has the same input; another one makes a mixture visible.
  const other = await bench.job({ input: two.input, outputName: first.outputName });
  const second = { ...first.assignment, attempt: 2, inputs: other.assignment.inputs };
  const outcomes = await race(first.assignment, second, first.outputName);
  expect(outcomes).toEqual([
    { kind: 'finished', rows: 120_000 },
    { kind: 'finished', rows: 120_000 },
  ]);
  const text = await bench.place.text(first.outputName);
  expect(text === one.output || text === two.output).toBe(true);
  expect(requests(first.outputName, 'PUT', 'blocklist')).toHaveLength(2);
});

test('two jobs write one blob: the last one to finish wins, whole', async () => {
  const one = many(3, 120_000);
  const two = many(4, 120_000);
  const first = await bench.job({ input: one.input });
  const second = await bench.job({ input: two.input, outputName: first.outputName });
  const outcomes = await race(first.assignment, second.assignment, first.outputName);
  expect(outcomes).toEqual([
    { kind: 'finished', rows: 120_000 },
    { kind: 'finished', rows: 120_000 },
  ]);
  const text = await bench.place.text(first.outputName);
  expect(text === one.output || text === two.output).toBe(true);
  expect(requests(first.outputName, 'PUT', 'blocklist')).toHaveLength(3);
});
