/** The host runs dist/: builds it when it is missing or older than any source. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { CliError } from './cli-error.ts';

export type Built = { readonly kind: 'fresh' } | { readonly kind: 'built'; readonly tookMs: number };

/** @throws CliError with the compiler's first complaints. */
export async function buildIfNeeded(root: string, onBuild: (why: string) => void): Promise<Built> {
  const stamp = join(root, 'dist', '.tsbuildinfo');
  const why = staleness(root, stamp);
  if (why === undefined) return { kind: 'fresh' };
  onBuild(why);
  const startedMs = performance.now();
  try {
    await compile(root);
  } catch (error) {
    // The compiler leaves a new stamp beside what it could write: the next start must not take that for a build.
    rmSync(stamp, { force: true });
    throw error;
  }
  removeOrphans(root);
  // The compiler leaves the file alone when nothing in it changes.
  const now = new Date();
  utimesSync(stamp, now, now);
  return { kind: 'built', tookMs: performance.now() - startedMs };
}

function staleness(root: string, stamp: string): string | undefined {
  if (!existsSync(stamp)) return 'dist/ is missing';
  const builtMs = statSync(stamp).mtimeMs;
  const configs = ['tsconfig.json', 'tsconfig.build.json'].map((name) => join(root, name));
  const newest = Math.max(
    ...configs.map((file) => statSync(file).mtimeMs),
    ...['functions', 'shared'].map((folder) => newestMs(join(root, folder))),
  );
  return newest > builtMs ? 'the sources are newer than dist/' : undefined;
}

/** Folders count too: their time changes when a file goes. */
function newestMs(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const sources = entries.filter((entry) => entry.isDirectory() || entry.name.endsWith('.ts'));
  const times = sources.map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs);
  return Math.max(statSync(folder).mtimeMs, ...times);
}

async function compile(root: string): Promise<void> {
  const require = createRequire(join(root, 'package.json'));
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
  const child = spawn(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === 0) return;
  const lines = Buffer.concat(said).toString('utf8').trim().split('\n').slice(0, 10);
  throw new CliError(`The build failed (npm run build shows all of it):\n${lines.join('\n')}`);
}

/** The host loads every file of dist/functions, also one whose source has gone. */
function removeOrphans(root: string): void {
  const folder = join(root, 'dist', 'functions');
  if (!existsSync(folder)) return;
  for (const file of readdirSync(folder)) {
    const source = file.replace(/\.js(\.map)?$/, '.ts');
    if (!existsSync(join(root, 'functions', source))) rmSync(join(folder, file));
  }
}
