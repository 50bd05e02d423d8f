/** Several outputs of one job: scored once, committed one after the other, each recognised by its mark. */
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

/** A job with the outputs `one`, `two` and `three`, whose SAS have these rights. */
async function jobOf(...permissions: readonly [string, string, string]) {
  const { assignment, inputName } = await bench.job();
  const names = ['one', 'two', 'three'].map((name) => `${assignment.jobId}-${name}.csv`);
  const handles = await Promise.all(names.map((name, n) => bench.place.output(name, permissions[n])));
  const outputs = Object.fromEntries(
    handles.map((handle, n) => [`${n}`, { ...handle, url: bench.proxy.through(handle.url) }]),
  );
  const job: Assignment = { ...assignment, outputs };
  return { job, inputName, names: names as [string, string, string] };
}

const attempts = (names: readonly string[]) =>
  Promise.all(
    names.map(async (name) => {
      const blob = bench.place.blob(name);
      return (await blob.exists()) ? (await blob.getProperties()).metadata?.['millpondattempt'] : undefined;
    }),
  );

/** Names of the blobs of these requests, in their order. */
function requests(names: readonly string[], method: string, comp = '') {
  const alike = bench.proxy.seen.filter((one) => one.method === method && one.comp === comp);
  return alike.map((one) => one.blob).filter((blob) => names.includes(blob));
}

test('each holds the scored rows, and one is whole before the next is committed', async () => {
  const { job, inputName, names } = await jobOf('rcw', 'rcw', 'rcw');
  const before: unknown[] = [];
  bench.proxy.rule(async ({ comp }): Promise<Action> => {
    if (comp === 'blocklist') before.push(await attempts(names));
    return 'pass';
  });
  expect(await bench.run(job)).toEqual({ kind: 'finished', rows: 2 });
  expect(before).toEqual([
    [undefined, undefined, undefined],
    ['1', undefined, undefined],
    ['1', '1', undefined],
  ]);
  for (const name of names) expect(await bench.place.text(name)).toBe(ours);
  expect(requests([inputName], 'GET')).toHaveLength(1);
});

test('an attempt that dies between two commits: the next one writes what is missing, and only that', async () => {
  const { job, names } = await jobOf('rcw', 'rcw', 'rcw');
  const dying = new AbortController();
  bench.proxy.rule(({ comp, blob }): Action => {
    if (comp !== 'blocklist' || blob !== names[1]) return 'pass';
    dying.abort('dead');
    return 'cut';
  });
  await expect(bench.run(job, { signal: dying.signal })).rejects.toBe('dead');
  expect(await attempts(names)).toEqual(['1', undefined, undefined]);
  bench.proxy.rule(() => 'pass');
  expect(await bench.run({ ...job, attempt: 2 })).toEqual({ kind: 'finished', rows: 2 });
  expect(await attempts(names)).toEqual(['1', '2', '2']);
  for (const name of names) expect(await bench.place.text(name)).toBe(ours);
});

test('an earlier attempt has committed them all: nothing is read and nothing written', async () => {
  const { job, inputName, names } = await jobOf('rcw', 'rcw', 'rcw');
  await bench.run(job);
  expect(await bench.run({ ...job, attempt: 2 })).toEqual({ kind: 'finished', rows: 2 });
  expect(await attempts(names)).toEqual(['1', '1', '1']);
  expect(requests([inputName], 'GET')).toHaveLength(1);
});

test('someone else writes to one of them meanwhile: only that one is staged again', async () => {
  const { job, names } = await jobOf('rcw', 'rcw', 'rcw');
  bench.proxy.rule(async ({ comp, blob, nth }): Promise<Action> => {
    if (comp === 'blocklist' && blob === names[1] && nth === 1)
      await bench.place.blob(blob).upload('theirs', 6);
    return 'pass';
  });
  expect(await bench.run(job)).toEqual({ kind: 'finished', rows: 2 });
  for (const name of names) expect(await bench.place.text(name)).toBe(ours);
  expect(requests(names, 'PUT', 'block').toSorted()).toEqual(
    [names[0], names[1], names[1], names[2]].toSorted(),
  );
});

test('one that may not be written is found before any other is committed', async () => {
  const { job, names } = await jobOf('rcw', 'rcw', 'r');
  expect(await bench.run(job)).toMatchObject({
    kind: 'failed',
    code: 'InvalidBlob',
    message: expect.stringContaining(`${names[2]} may not be written`),
  });
  expect(await attempts(names)).toEqual([undefined, undefined, undefined]);
});

test('those that may not be looked at are written once by each attempt', async () => {
  const { job, names } = await jobOf('cw', 'rcw', 'cw');
  bench.proxy.rule(async ({ comp, blob, nth }): Promise<Action> => {
    if (comp === 'blocklist' && blob === names[1] && nth === 1)
      await bench.place.blob(blob).upload('theirs', 6);
    return 'pass';
  });
  expect(await bench.run(job)).toEqual({ kind: 'finished', rows: 2 });
  for (const name of names) expect(await bench.place.text(name)).toBe(ours);
  expect(requests(names, 'PUT', 'blocklist')).toEqual([names[0], names[1], names[2], names[1]]);
});
