/**
 * Every mutant under the standard run, each in a process of its own: which check kills it, and at which seed, or which
 * named test, where the race is so rare that no seed need meet it.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Mutant } from './table.ts';
import type { Proof } from '../../is-written.ts';

export type Verdict = {
  readonly name: string;
  readonly killedBy?: string;
  readonly seed?: number;
  readonly seconds: number;
};

/** Of a mutant that a named test kills. */
const pinnedSeeds = 5;
/** A mutant may go round in circles for ever. */
const seedMsMax = 60_000;

export function runMutant(name: string, seeds: number): Promise<Verdict> {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const args = [
    main,
    '--mutant',
    name,
    '--from',
    '1',
    '--seeds',
    String(seeds),
    '--days',
    '1',
    '--last',
    '0',
  ];
  const beganMs = performance.now();
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      args,
      { maxBuffer: 1 << 26, timeout: seeds * seedMsMax, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        const seconds = (performance.now() - beganMs) / 1_000;
        const [, seed, check] = /VIOLATION seed (\d+) \[([\w-]+)\]/.exec(stdout) ?? [];
        if (check !== undefined) resolve({ name, killedBy: check, seed: Number(seed), seconds });
        else if (error === null) resolve({ name, seconds });
        else reject(new Error(`the mutant "${name}" could not be run: ${stderr.slice(-800)}`));
      },
    );
  });
}

/** Whether just that test fails under the mutant, having been run. */
function goesRed(name: string, { file, title }: Proof): Promise<boolean> {
  const vitest = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url));
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const args = [vitest, 'run', '--root', root, file, '-t', literally(title)];
  const env = { ...process.env, MILLPOND_MUTANT: name, NO_COLOR: '1' };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env, timeout: seedMsMax, maxBuffer: 1 << 26 }, (_, stdout) => {
      resolve(/^ *Tests +1 failed( \| \d+ skipped)? \(/m.test(stdout));
    });
  });
}

function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/**
 * @param chosen the mutants to run
 * @param seeds that a mutant may survive before it counts as alive
 * @returns how many are alive
 */
export async function runMutants(
  tell: (line: string) => void,
  chosen: readonly Mutant[],
  seeds: number,
): Promise<number> {
  let alive = 0;
  for (const { name, pinnedBy } of chosen) {
    const { killedBy, seed, seconds } = await runMutant(name, pinnedBy === undefined ? seeds : pinnedSeeds);
    const isPinned = killedBy === undefined && pinnedBy !== undefined && (await goesRed(name, pinnedBy));
    if (killedBy === undefined && !isPinned) alive += 1;
    const killer = killedBy === undefined ? pinnedBy?.file : `${killedBy} at seed ${seed}`;
    const verdict = killedBy === undefined && !isPinned ? 'ALIVE' : `killed by ${killer}`;
    tell(`${name}: ${verdict} (${seconds.toFixed(1)} s)`);
  }
  tell(`${chosen.length - alive} of ${chosen.length} mutants killed`);
  return alive;
}
