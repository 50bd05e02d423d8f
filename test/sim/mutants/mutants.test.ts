import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isWritten } from '../../is-written.ts';
import { runMutant } from './run.ts';
import { mutants } from './table.ts';

const shared = new URL('../../../shared/', import.meta.url);

/** Killed at one of the first seeds by what they do all the time; all of them: `npm run sim -- --mutants`. */
const quick = [
  'token not deleted',
  'secrets kept after the end',
  'newest first',
  "another job's mark taken for ours",
];

describe('each mutant', () => {
  it.each(mutants)('"$name" fits the sources as they are', ({ edits }) => {
    for (const { file, find, put } of edits) {
      expect(put).not.toBe(find);
      expect(readFileSync(new URL(file, shared), 'utf8').split(find), `${file}: ${find}`).toHaveLength(2);
    }
  });

  it('that is rare has a test that names it', () => {
    const pins = mutants.flatMap(({ pinnedBy }) => pinnedBy ?? []);
    expect(pins.filter((pin) => !isWritten(pin))).toEqual([]);
  });

  it('has a name of its own, and there are enough of them', () => {
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
    expect(mutants.length).toBeGreaterThanOrEqual(15);
  });

  it.each(quick)(
    '"%s" is killed',
    async (name) => {
      expect(await runMutant(name, 10)).toMatchObject({ name, killedBy: expect.any(String) });
    },
    60_000,
  );
});
