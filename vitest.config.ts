/** Tests run in random order with a printed seed, never again by themselves, in forks that may fork VMs. */
import { defineConfig } from 'vitest/config';

const seed = Number(process.env['MILLPOND_TEST_SEED'] ?? Date.now() % 1_000_000_007);
process.stdout.write(`random order, seed ${seed} (MILLPOND_TEST_SEED=${seed} repeats it)\n`);

export default defineConfig({
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
  },
});
