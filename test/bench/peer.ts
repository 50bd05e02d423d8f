/** The peer of the engine's bench, pandas and scikit-learn: where it is, if it can run here. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../shared/cli/places.ts';

const run = promisify(execFile);
const shared = join(projectRoot, '../shared');

/** `adult-lr` and so on, with `.onnx` and `.pkl`. */
export const dataFolder = join(shared, 'data');

export type Peer = {
  /** @param model without extension @returns as `peer.py` prints it */
  readonly score: (
    model: string,
    input: string,
    output: string,
  ) => Promise<{ rows: number; seconds: number; peak_mb: number }>;
};

/** The pickles are of this version; others refuse them or warn. */
const wanted = /^1\.2\./;

/** A sentence where it cannot run. */
export async function findPeer(): Promise<Peer | string> {
  const program = join(shared, 'bench/peer.py');
  if (!existsSync(program)) return `The peer is left out: there is no ${program}.`;
  // The distribution's own may stand behind another one on the PATH.
  for (const python of [process.env['MILLPOND_BENCH_PYTHON'] ?? 'python3', '/usr/bin/python3']) {
    const version = await versionOf(python);
    if (!wanted.test(version)) continue;
    return {
      score: async (model, input, output) => {
        const args = [program, join(dataFolder, `${model}.pkl`), input, output];
        // A child of a small process: its own peak begins with what its parent had at the time of the fork.
        const { stdout } = await run('sh', ['-c', '"$0" "$@"; exit $?', python, ...args]);
        return JSON.parse(stdout) as Awaited<ReturnType<Peer['score']>>;
      },
    };
  }
  return 'The peer is left out: it needs Python 3 with scikit-learn 1.2 and pandas (Debian 12: python3-sklearn and python3-pandas); MILLPOND_BENCH_PYTHON names another Python.';
}

async function versionOf(python: string): Promise<string> {
  try {
    return (await run(python, ['-c', 'import pandas, sklearn; print(sklearn.__version__)'])).stdout.trim();
  } catch {
    return '';
  }
}
