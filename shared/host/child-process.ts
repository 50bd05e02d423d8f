/** The child as a process: how it is started, what it prints, how it ends. */
import { fork, type ChildProcess, type SendHandle } from 'node:child_process';
import { once } from 'node:events';
import type { ChildOptions } from './messages.ts';

const drainMs = 31_000;
/** Its last words are waited for so long, should a grandchild keep the pipe open. */
const lastWordsMs = 200;

type ForkOptions = {
  readonly scriptRoot: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly log?: (line: string) => void;
};

/** Forks child.ts, or child.js once compiled. Without `log` it writes to this process's own output. */
export function forkChild(
  options: ChildOptions,
  port: SendHandle,
  { scriptRoot, env, log }: ForkOptions,
): ChildProcess {
  const file = new URL(import.meta.url.endsWith('.ts') ? './child.ts' : './child.js', import.meta.url);
  const child = fork(file, {
    cwd: scriptRoot,
    env: { TZ: 'UTC', ...process.env, ...env },
    // What the library keeps in WeakMaps survives until a full collection, so that young ones of the usual size copy it
    // all, in pauses of 20 to 50 ms; small ones take a few, and half of the memory.
    execArgv: ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=2'],
    stdio: log === undefined ? 'inherit' : ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  child.send(options, port, () => undefined);
  if (log !== undefined) {
    const { createInterface } = process.getBuiltinModule('node:readline');
    for (const input of [child.stdout, child.stderr])
      if (input !== null) createInterface({ input, crlfDelay: Infinity }).on('line', log);
  }
  return child;
}

/** Resolves with its exit code once its last message and line are in too; 1 when a signal ended it. */
export async function exitCodeOf(child: ChildProcess): Promise<number> {
  const closed = once(child, 'close').catch(() => undefined);
  const [code] = (await once(child, 'exit').catch(() => [1])) as [number | null];
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, lastWordsMs);
  await Promise.race([over, closed]);
  clearTimeout(timer);
  return code ?? 1;
}

/** Asks it to drain, and kills it when it takes too long. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  if (child.connected) child.send('stop', () => undefined);
  const timer = setTimeout(() => child.kill('SIGKILL'), drainMs);
  await ended;
  clearTimeout(timer);
}
