import { describe, expect, it } from 'vitest';
import { makeTogether } from '../../shared/app/together.ts';

/** Runs that end when they are told to. */
function makeRuns() {
  const runs: { items: readonly number[]; end: (error?: Error) => void }[] = [];
  const run = (items: readonly number[]) =>
    new Promise<readonly string[]>((resolve, reject) => {
      runs.push({
        items,
        end: (error) => (error === undefined ? resolve(items.map((n) => `did ${n}`)) : reject(error)),
      });
    });
  const next = async () => {
    while (runs.length === 0) await Promise.resolve();
    return runs.shift()!;
  };
  return { run, next, count: () => runs.length };
}

describe('together', () => {
  it('what comes while a run is under way is run next, in its order, at most so many at once', async () => {
    const together = makeTogether(2);
    const { run, next, count } = makeRuns();
    const all = [1, 2, 3, 4].map((n) => together('a', n, run));
    const first = await next();
    expect(first.items).toEqual([1]);
    expect(count()).toBe(0);
    first.end();
    const second = await next();
    expect(second.items).toEqual([2, 3]);
    second.end();
    const third = await next();
    expect(third.items).toEqual([4]);
    third.end();
    expect(await Promise.all(all)).toEqual(['did 1', 'did 2', 'did 3', 'did 4']);
  });

  it('topics do not wait for each other', async () => {
    const together = makeTogether(2);
    const { run, next } = makeRuns();
    const both = [together('a', 1, run), together('b', 2, run)];
    const runs = [await next(), await next()];
    expect(runs.map(({ items }) => items)).toEqual([[1], [2]]);
    for (const { end } of runs) end();
    await Promise.all(both);
  });

  it('a run that fails fails its own items only', async () => {
    const together = makeTogether(9);
    const { run, next } = makeRuns();
    const first = together('a', 1, run);
    const second = together('a', 2, run);
    (await next()).end(new Error('no luck'));
    await expect(first).rejects.toThrow('no luck');
    (await next()).end();
    expect(await second).toBe('did 2');
  });

  it('a turn is run by its first', async () => {
    const together = makeTogether(9);
    const mine = makeRuns();
    const theirs = makeRuns();
    const first = together('a', 1, mine.run);
    const second = together('a', 2, theirs.run);
    (await mine.next()).end();
    (await theirs.next()).end();
    expect(await Promise.all([first, second])).toEqual(['did 1', 'did 2']);
  });
});
