/** Polling ends with the value, when nothing changes any more, and when it is told to stop. */
import { expect, test } from 'vitest';
import { waitUntil } from '../../shared/cli/wait-until.ts';

const options = { everyMs: 1, quietMsMax: 30, what: 'the moon', signal: new AbortController().signal };

test('gives the first value that is accepted', async () => {
  let n = 0;
  expect(
    await waitUntil(
      async () => ++n,
      (value) => value === 5,
      options,
    ),
  ).toBe(5);
});

test('gives up when nothing changes, and says with what', async () => {
  const never = waitUntil(
    async () => ({ phase: 'new' }),
    () => false,
    options,
  );
  await expect(never).rejects.toThrow(/while waiting for the moon.*\{"phase":"new"\}/);
});

test('any change starts the wait anew', async () => {
  let n = 0;
  const look = async () => ++n;
  expect(await waitUntil(look, (value) => value === 60, { ...options, quietMsMax: 20 })).toBe(60);
});

test('ends with its signal', async () => {
  const controller = new AbortController();
  const looked = Promise.withResolvers<void>();
  const look = async () => looked.resolve();
  const never = waitUntil(look, () => false, { ...options, everyMs: 60_000, signal: controller.signal });
  await looked.promise;
  controller.abort();
  await expect(never).rejects.toMatchObject({ name: 'AbortError' });
});
