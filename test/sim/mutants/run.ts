/** Every mutant under the standard run, each in a process of its own: which check kills it, and at which seed. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { mutants } from './table.ts';

export type Verdict = {
  readonly name: string;
  readonly killedBy?: string;
  readonly seed?: number;
  readonly seconds: number;
};

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

/**
 * @param seeds that a mutant may survive before it counts as alive
 * @returns how many are alive
 */
export async function runMutants(
  tell: (line: string) => void,
  seeds: number,
  only?: string,
): Promise<number> {
  let alive = 0;
  const chosen = mutants.filter(({ name }) => only === undefined || name.includes(only));
  for (const { name, pinnedBy } of chosen) {
    const { killedBy, seed, seconds } = await runMutant(name, seeds);
    if (killedBy === undefined && pinnedBy === undefined) alive += 1;
    const verdict =
      killedBy === undefined
        ? pinnedBy === undefined
          ? 'ALIVE'
          : `not met; pinned by ${pinnedBy.file}`
        : `killed by ${killedBy} at seed ${seed}`;
    tell(`${name}: ${verdict} (${seconds.toFixed(1)} s)`);
  }
  tell(`${chosen.length - alive} of ${chosen.length} mutants killed or pinned`);
  return alive;
}
