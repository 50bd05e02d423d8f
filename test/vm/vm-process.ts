/** The VM program as a process of a test, as local compute starts it. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { vmEnvironment } from '../../shared/compute/vm-environment.ts';
import { randomId } from './blob-place.ts';
import { token } from './fake-service.ts';

export type VmProcess = {
  readonly child: ChildProcess;
  readonly vmId: string;
  /** Its JSON lines so far. */
  lines(): string;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Kills it if need be. */
  end(): Promise<void>;
};

export function startVm(url: string, vmId = randomId(), workers = 1): VmProcess {
  const program = fileURLToPath(new URL('../../shared/vm/main.ts', import.meta.url));
  const child = fork(program, [], {
    env: vmEnvironment(process.env, { vmId, url, token, workers, openHosts: ['127.0.0.1'] }),
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  // Not `close`: it never comes once this side has disconnected.
  const read = child.stderr === null ? undefined : once(child.stderr, 'end');
  const ended = once(child, 'exit').then(async ([code, signal]) => {
    await read;
    return { code: code as number | null, signal: signal as NodeJS.Signals | null };
  });
  return {
    child,
    vmId,
    lines: () => text,
    ended,
    end: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
