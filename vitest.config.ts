/**
 * Tests run in random order with a printed seed, never again by themselves, in forks that may fork VMs. With
 * MILLPOND_MUTANT they meet that deliberate bug of the simulation's.
 */
import { defineConfig } from 'vitest/config';
import { mutantPlugin } from './test/sim/mutants/apply.ts';

const seed = Number(process.env['MILLPOND_TEST_SEED'] ?? Date.now() % 1_000_000_007);
process.stdout.write(`random order, seed ${seed} (MILLPOND_TEST_SEED=${seed} repeats it)\n`);

const mutant = process.env['MILLPOND_MUTANT'];

export default defineConfig({
  plugins: mutant === undefined ? [] : [mutantPlugin(mutant)],
  test: {
    dir: 'test',
    include: ['**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    sequence: { shuffle: true, seed },
    retry: 0,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    env: { TZ: 'UTC' },
    // What a mutant has made of a source is nobody else's.
    fsModuleCache: mutant === undefined,
  },
});
