import { describe, expect, it } from 'vitest';
import { knownSeeds } from './seeds.ts';
import { simulate, type SimReport } from './simulate.ts';

/** What fresh seeds may take together; each adds a few seconds at most. */
const budgetMs = 25_000;

function problems({ seed, days, violations, last }: SimReport): string[] {
  return violations.map(({ check, message, about }) =>
    [
      `seed ${seed} [${check}] ${message}`,
      ...last(40, about),
      `replay: npm run sim -- --seed ${seed} --days ${days}`,
    ].join('\n  '),
  );
}

describe('the simulation', () => {
  it('of one seed is the same every time, and another of another seed', async () => {
    const [first, again, other] = [
      await simulate({ seed: 3, days: 0.2 }),
      await simulate({ seed: 3, days: 0.2 }),
      await simulate({ seed: 4, days: 0.2 }),
    ];
    expect(again.hash).toBe(first.hash);
    expect(again.events).toBe(first.events);
    expect(other.hash).not.toBe(first.hash);
    expect(first.events).toBeGreaterThan(1_000);
  }, 60_000);

  it.each(knownSeeds)(
    'of seed $seed, which found: $was',
    async ({ seed, days }) => {
      expect(problems(await simulate({ seed, days }))).toEqual([]);
    },
    60_000,
  );

  it('of fresh seeds finds nothing', async () => {
    const from = Number(process.env['MILLPOND_SIM_SEED'] ?? Date.now() % 1_000_000_007);
    process.stdout.write(`simulation: seeds from ${from} (MILLPOND_SIM_SEED=${from} repeats them)\n`);
    const endMs = performance.now() + budgetMs;
    let seeds = 0;
    let ended = 0;
    for (let seed = from; performance.now() < endMs || seeds === 0; seed += 1) {
      const report = await simulate({ seed, days: 1 });
      expect(problems(report)).toEqual([]);
      seeds += 1;
      ended += report.ended;
    }
    process.stdout.write(`simulation: ${seeds} seeds of one day, ${ended} jobs finished\n`);
    expect(ended).toBeGreaterThan(0);
  }, 120_000);
});
