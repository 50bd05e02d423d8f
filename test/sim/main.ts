/** `npm run sim`: many seeds, or one again. */
import { whenOutputCloses } from '../../shared/cli/closed-output.ts';
import {
  optionsOrExit,
  readOptions,
  sentenceOrExit,
  wholeNumber,
  withText,
} from '../../shared/cli/command-line.ts';
import type { Unreached } from './coverage.ts';
import type { SimReport } from './simulate.ts';

const help = `npm run sim -- [--seeds N] [--from SEED] [--days D] [--jobs N] [--go] [--coverage]
npm run sim -- --seed SEED [--days D] [--jobs N] [--last N] [--all]
npm run sim -- --mutants [--only TEXT] [--seeds N]

  --seeds N      so many seeds in a row (20; with --coverage 60; of a mutant 300)
  --from SEED    the first of them (a fresh one)
  --seed SEED    one seed again
  --days D       virtual days of each (5)
  --jobs N       jobs a day (201)
  --go           goes on after a seed that fails
  --last N       last events of what failed (60), --all those of everybody
  --coverage     lists the parts of shared/app and shared/core that were not reached
  --mutants      deliberate bugs, and which check kills each; --only: those whose name has the text
  --mutant NAME  any of the above under one of them
`;
const options = {
  seeds: { type: 'string' },
  days: { type: 'string', default: '5' },
  from: { type: 'string' },
  seed: { type: 'string' },
  jobs: { type: 'string', default: '201' },
  last: { type: 'string', default: '60' },
  all: { type: 'boolean', default: false },
  coverage: { type: 'boolean', default: false },
  mutant: { type: 'string' },
  mutants: { type: 'boolean', default: false },
  only: { type: 'string', default: '' },
  go: { type: 'boolean', default: false },
} as const;
/** 1 is for what a run finds. */
const exitCode = 2;
const values = optionsOrExit({ name: 'sim', help, exitCode }, () =>
  readOptions(process.argv.slice(2), options, help),
);
// A reader that has enough (head) closes the pipe: that is no fault.
whenOutputCloses(() => process.exit());

/** Default of `--seeds`: fresh ones, more of them where nothing is to be missed, and those that a mutant may survive. */
const seedsOfARun = 20;
const coverageSeeds = 60;
const mutantSeeds = 300;
/** How far a long run has come. */
const tellEveryMs = 10_000;
const days = numberOf('days');
const jobsADay = numberOf('jobs');

if (values.mutant !== undefined) {
  const { mutant } = values;
  const { applyMutant } = await import('./mutants/apply.ts');
  sentenceOrExit('sim', exitCode, () => applyMutant(mutant));
}
const coverage = values.coverage ? await (await import('./coverage.ts')).beginCoverage() : undefined;
const { simulate } = await import('./simulate.ts');

if (values.mutants) {
  const { mutants } = await import('./mutants/table.ts');
  const { runMutants } = await import('./mutants/run.ts');
  const chosen = sentenceOrExit('sim', exitCode, () =>
    withText('--only', values.only, mutants, ({ name }) => name),
  );
  const alive = await runMutants(
    (line) => process.stdout.write(`${line}\n`),
    chosen,
    values.seeds === undefined ? mutantSeeds : numberOf('seeds'),
  );
  process.exitCode = alive === 0 ? 0 : 1;
} else if (values.seed === undefined)
  await runMany(
    values.from === undefined ? Date.now() % 1_000_000_007 : numberOf('from'),
    values.seeds === undefined ? (values.coverage ? coverageSeeds : seedsOfARun) : numberOf('seeds'),
  );
else await runOne(numberOf('seed'));

if (coverage !== undefined) await tellUnreached(await coverage.unreached());

async function tellUnreached(parts: readonly Unreached[]): Promise<void> {
  const { explained } = await import('./unreached.ts');
  const byReason = explained(parts);
  for (const [why, group] of [...byReason].toSorted(([, a], [, b]) => b.length - a.length)) {
    process.stdout.write(
      `\n${group.length} not reached. ${why ?? 'NOT EXPLAINED: add the reason to unreached.ts.'}\n`,
    );
    for (const { file, line, what, text } of group)
      process.stdout.write(`  ${file}:${line} ${what}: ${text}\n`);
  }
  if (byReason.has(undefined)) process.exitCode = 1;
}

function numberOf(name: 'seeds' | 'days' | 'from' | 'seed' | 'jobs' | 'last'): number {
  const min = name === 'seeds' || name === 'days' ? 1 : 0;
  return sentenceOrExit('sim', exitCode, () => wholeNumber(`--${name}`, values[name] ?? '', min, 1e12));
}

async function runMany(from: number, seeds: number): Promise<void> {
  const beganMs = performance.now();
  // Thousands of faults are thrown, and a failing seed is run again by itself.
  Error.stackTraceLimit = 0;
  const sums = { days: 0, operations: 0, faults: 0, started: 0, ended: 0, crashes: 0, violations: 0 };
  const failed: number[] = [];
  const daysASecond = () => ((sums.days * 1_000) / (performance.now() - beganMs)).toFixed(2);
  let toldMs = beganMs;
  let last = from;
  for (let seed = from; seed < from + seeds; seed += 1) {
    const report = await simulate({ seed, days, jobsADay });
    last = seed;
    sums.days += report.days;
    sums.operations += report.operations;
    sums.faults += report.faults;
    sums.started += report.started;
    sums.ended += report.ended;
    sums.crashes += report.crashes;
    if (performance.now() - toldMs > tellEveryMs) {
      toldMs = performance.now();
      const done = `${seed - from + 1} of ${seeds} seeds`;
      process.stderr.write(`${done}, ${daysASecond()} simulated days/s, violations ${sums.violations}\n`);
    }
    if (report.violations.length === 0) continue;
    failed.push(seed);
    sums.violations += report.violations.length;
    tell(report);
    if (!values.go) break;
  }
  const seconds = (performance.now() - beganMs) / 1_000;
  process.stdout.write(
    `seeds ${from} to ${last} | days ${sums.days} | operations ${sums.operations} | faults injected ${sums.faults} | ` +
      `instances died ${sums.crashes} | starts confirmed ${sums.started} | jobs finished ${sums.ended} | violations ${sums.violations} | ` +
      `${daysASecond()} simulated days/s (${seconds.toFixed(1)} s)\n`,
  );
  if (failed.length > 0) {
    process.stdout.write(`failing seeds: ${failed.join(' ')}\n`);
    process.exitCode = 1;
  }
}

async function runOne(seed: number): Promise<void> {
  const report = await simulate({ seed, days, jobsADay });
  process.stdout.write(
    `seed ${seed} | trace ${report.hash} | events ${report.events} | operations ${report.operations} | calls ${report.calls} | ` +
      `faults ${report.faults} | starts confirmed ${report.started} | jobs finished ${report.ended}\n${JSON.stringify(report.mix)}\n`,
  );
  for (const [what, [requests, calls]] of [...report.kinds].sort(([, a], [, b]) => b[1] - a[1])) {
    process.stdout.write(`  ${what}: ${requests} with ${calls} calls to the tables\n`);
  }
  if (report.violations.length === 0) return;
  tell(report);
  process.exitCode = 1;
}

function tell(report: SimReport): void {
  for (const { check, message, atMs, about } of report.violations.slice(0, 3)) {
    const words = values.all ? [] : about;
    const when = new Date(atMs).toISOString();
    process.stdout.write(`\nVIOLATION seed ${report.seed} [${check}] at ${when}: ${message}\n`);
    for (const line of report.last(numberOf('last'), words)) process.stdout.write(`  ${line}\n`);
  }
  process.stdout.write(
    `replay: npm run sim -- --seed ${report.seed} --days ${report.days} --jobs ${jobsADay}\n\n`,
  );
}
