/** Models are taken a few at a time: each is held in memory, and so is the process that checks it. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { takeModel } from '../../shared/app/take-model.ts';
import { makeTurns } from '../../shared/app/turns.ts';
import { limits } from '../../shared/core/limits.ts';
import { endpoint, makeWorld } from './world.ts';

test('so many at a time, in order, and a failure leaves its place to the next', async () => {
  const turns = makeTurns(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const all = [0, 1, 2, 3].map((n) =>
    turns(async () => {
      begun.push(n);
      await new Promise<void>((resolve) => (ends[n] = resolve));
      if (n === 1) throw new Error('failed');
      return n;
    }).catch(() => -1),
  );
  await turn();
  expect(begun).toEqual([0, 1]);
  ends[1]?.();
  await turn();
  expect(begun).toEqual([0, 1, 2]);
  ends[0]?.();
  ends[2]?.();
  await turn();
  expect(begun).toEqual([0, 1, 2, 3]);
  ends[3]?.();
  expect(await Promise.all(all)).toEqual([0, -1, 2, 3]);
});

test('models of many callers at once', async () => {
  const world = await makeWorld();
  let now = 0;
  let most = 0;
  const fetch: typeof world.app.callerBlobs.fetch = async (place, bytesMax) => {
    most = Math.max(most, ++now);
    await turn();
    now -= 1;
    return world.app.callerBlobs.fetch(place, bytesMax);
  };
  const app = { ...world.app, callerBlobs: { ...world.app.callerBlobs, fetch } };
  const model = { endpoint, container: 'models', name: 'adult.onnx' };
  const wish = {
    uri: `${endpoint}/models/adult.onnx`,
    credentials: world.blobs.sas(model, 'r', 4_000_000_000_000),
    path: 'x',
  };
  const taken = await Promise.all(Array.from({ length: 12 }, () => takeModel(app, wish)));
  expect(taken.map(({ kind }) => kind)).toEqual(Array.from({ length: 12 }, () => 'model'));
  expect(most).toBe(limits.modelsAtOnceMax);
});
