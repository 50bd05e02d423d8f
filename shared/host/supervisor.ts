/** Keeps one child running the app: holds the port, restarts a child that crashes, ends it in good order. */
import type { ChildProcess } from 'node:child_process';
import { endChild, exitOf, forkChild, outputEnd } from './child-process.ts';
import type { ChildOptions, FromChild } from './messages.ts';
import { HostRefusal } from './refusal.ts';
import { openPort, type SharedPort } from './shared-port.ts';

export type HostOptions = {
  /** The folder of host.json and package.json. */
  readonly scriptRoot: string;
  /** 0 = any free one. */
  readonly port: number;
  /** Added to this process's environment for the child. */
  readonly env?: Readonly<Record<string, string>>;
  /** Restart when a file of the app changes. */
  readonly watch?: boolean;
  /** Gets the child's output line by line; without it the child writes to this process's own. */
  readonly log?: (line: string) => void;
};

export type RunningHost = {
  /** Without a slash at its end. */
  readonly url: string;
  readonly port: number;
  /** The child's; another one after a restart. */
  readonly pid: number;
  /** Refuses new connections at once, gives running requests and timers 30 s, then kills. */
  stop(): Promise<void>;
  /** Resolves with the child's exit code once the host has ended for good. */
  readonly exited: Promise<number>;
};

const backoffMs = 50;
const backoffMsMax = 5_000;
/** A child that lived this long has not crashed at start. */
const healthyMs = 10_000;

/** Starts the app and waits until it answers HTTP.
 * @throws HostRefusal when the port is taken or the app cannot start; the message is a sentence for the user */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  const shared = openPort(options.port);
  const supervisor = supervise(options, shared);
  try {
    await supervisor.ready;
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
  return {
    url: `http://127.0.0.1:${shared.port}`,
    port: shared.port,
    get pid() {
      return supervisor.pid();
    },
    stop: supervisor.stop,
    exited: supervisor.exited,
  };
}

type Supervisor = Pick<RunningHost, 'exited'> & {
  readonly ready: Promise<void>;
  readonly stop: () => Promise<void>;
  readonly pid: () => number;
};

function supervise(options: HostOptions, shared: SharedPort): Supervisor {
  let child: ChildOptions = { port: shared.port };
  const ready = Promise.withResolvers<void>();
  const exited = Promise.withResolvers<number>();
  const say = options.log ?? console.error;
  let current: ChildProcess | undefined;
  let state: 'starting' | 'running' | 'restarting' | 'stopping' = 'starting';
  let refusal: string | undefined;
  const backoff = makeBackoff();
  let restart: NodeJS.Timeout | undefined;
  let watching: Promise<() => void> | undefined;

  const close = (): void => {
    if (state !== 'stopping') shared.close();
    state = 'stopping';
    clearTimeout(restart);
    void watching?.then((unwatch) => unwatch());
  };
  const onMessage = (message: FromChild): void => {
    if (message.kind === 'refused') refusal = message.sentence;
    else if (message.kind === 'draining') {
      if (state !== 'restarting') close();
    } else {
      child = { ...child, leaseId: message.leaseId };
      if (state === 'starting') state = 'running';
      ready.resolve();
    }
  };
  const onExit = (process: ChildProcess, code: number, livedMs: number): void => {
    current = undefined;
    const why = refusal ?? `the app's process ended (${process.signalCode ?? `exit code ${code}`})`;
    refusal = undefined;
    if (state === 'starting') {
      close();
      ready.reject(new HostRefusal(why));
    }
    if (state === 'stopping') return void outputEnd(process).then(() => exited.resolve(code));
    say(state === 'restarting' ? 'A file changed: the app starts anew.' : `${why}; it is started again.`);
    restart = setTimeout(start, state === 'restarting' ? 0 : backoff(livedMs));
    state = 'running';
  };
  const start = (): void => {
    const process = (current = forkChild(child, shared.handle, options));
    process.on('message', onMessage);
    process.on('error', ({ message }) => {
      if (process.pid === undefined)
        refusal = `the app cannot be run in the folder ${options.scriptRoot}: ${message}`;
    });
    void exitOf(process).then(({ code, livedMs }) => onExit(process, code, livedMs));
  };
  const onChange = (): void => {
    if (state !== 'running' || current === undefined) return;
    state = 'restarting';
    void endChild(current);
  };
  const stop = async (): Promise<void> => {
    close();
    if (current === undefined) exited.resolve(0);
    else await endChild(current);
    await exited.promise;
  };
  start();
  // Imports of builtin modules are most of what an idle supervisor weighs: only what this run needs.
  if (options.watch === true)
    watching = import('./watch-files.ts')
      .then(({ watchFiles }) => watchFiles(options.scriptRoot, onChange))
      .catch((error: unknown) => {
        if (state !== 'stopping') say(`Changes of files are not seen: ${String(error)}`);
        return () => undefined;
      });
  return { ready: ready.promise, exited: exited.promise, pid: () => current?.pid ?? 0, stop };
}

/** A first crash costs no wait; crashes one after the other cost more and more. */
function makeBackoff(): (livedMs: number) => number {
  let crashes = 0;
  return (livedMs) => {
    crashes = livedMs > healthyMs ? 1 : crashes + 1;
    return crashes === 1 ? 0 : Math.min(backoffMsMax, backoffMs * 2 ** crashes);
  };
}
