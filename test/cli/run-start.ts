/** Runs `npm start`'s command as a process, on another project folder. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { FakeApp } from './fake-app.ts';

const cli = join(import.meta.dirname, '../../shared/cli');

export type StartProcess = {
  readonly child: ChildProcess;
  output(): string;
  /** Waits for output that matches. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  /** Exit code, or the signal's name, once nobody can write to its output any more. */
  readonly ended: Promise<number | string>;
};

/** `start.ts` itself but for its root. */
const script = (root: string) => `
  const { startCommand } = await import('${cli}/start-command.ts');
  const { startOptions } = await import('${cli}/start-options.ts');
  const { stopSignals } = await import('${cli}/stop-signals.ts');
  const { sentenceOf } = await import('${cli}/run-instance.ts');
  let instance;
  const signals = stopSignals(() => { instance?.kill(); process.exit(1); });
  try {
    await startCommand({ ...startOptions(process.argv.slice(1)), root: ${JSON.stringify(root)}, signals,
      say: (line) => console.log(line), onRunning: (started) => { instance = started; } });
  } catch (error) {
    console.error('start: ' + (sentenceOf(error) ?? error.stack));
    process.exitCode = 1;
  }
  signals.dispose();
`;

/** `in a shell`: with a shell in between, as npm runs it. */
export function runStart(
  app: FakeApp,
  args: readonly string[],
  env: Record<string, string> = {},
  how: 'directly' | 'in a shell' = 'directly',
): StartProcess {
  const node = ['--input-type=module', '-e', script(app.root), '--', '--data', app.data, ...args];
  const [file, all] =
    how === 'directly'
      ? [process.execPath, node]
      : ['/bin/sh', ['-c', '"$0" "$@"; exit $?', process.execPath, ...node]];
  const child = spawn(file, all, {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const hear = (chunk: Buffer) => {
    output += chunk.toString('utf8');
    child.emit('said');
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  const said = async (pattern: RegExp): Promise<RegExpExecArray> => {
    const over = ended.then(() => 'over' as const);
    for (;;) {
      const match = pattern.exec(output);
      if (match) return match;
      if ((await Promise.race([once(child, 'said'), over])) !== 'over') continue;
      const last = pattern.exec(output);
      if (last) return last;
      throw new Error(`it ended without saying ${String(pattern)}:\n${output}`);
    }
  };
  return { child, output: () => output, said, ended };
}
