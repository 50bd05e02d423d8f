/** The child as a process: how it is started, what it prints, how it ends. */
import { fork, type ChildProcess, type SendHandle } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { ChildOptions, ToChild } from './messages.ts';

const drainMs = 31_000;
const outputGraceMs = 200;
const lastMessageMs = 50;

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
  if (log !== undefined)
    for (const stream of [child.stdout, child.stderr]) if (stream !== null) splitLines(stream, log);
  return child;
}

/** Resolves once its last message is in too; the code is 1 when a signal ended it. */
export async function exitOf(child: ChildProcess): Promise<{ code: number; livedMs: number }> {
  const startedMs = performance.now();
  const disconnected = once(child, 'disconnect').catch(() => undefined);
  const [code] = (await once(child, 'exit').catch(() => [1])) as [number | null];
  // Node never tells of the disconnection when a handle was on its way to a killed child.
  await within(lastMessageMs, disconnected);
  return { code: code ?? 1, livedMs: performance.now() - startedMs };
}

/** Waits for its last words, but not for a grandchild that keeps the pipe open. */
export async function outputEnd(child: ChildProcess): Promise<void> {
  const ends = [child.stdout, child.stderr].map(async (stream) => {
    if (stream !== null && !stream.closed) await once(stream, 'close');
  });
  await within(outputGraceMs, Promise.all(ends));
}

async function within(ms: number, event: Promise<unknown>): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([over, event]);
  clearTimeout(timer);
}

/** Asks it to drain, and kills it when it takes too long. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const message: ToChild = { kind: 'stop' };
  const ended = once(child, 'exit');
  if (child.connected) child.send(message, () => undefined);
  const timer = setTimeout(() => child.kill('SIGKILL'), drainMs);
  await ended;
  clearTimeout(timer);
}

function splitLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop() ?? '';
    lines.forEach((line) => onLine(line));
  });
  stream.on('end', () => rest !== '' && onLine(rest));
}
