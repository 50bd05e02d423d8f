/** Keeps one child running the app: holds the port, restarts a child that crashes, ends it in good order. */
import type { ChildProcess } from 'node:child_process';
import { endChild, exitCodeOf, forkChild } from './child-process.ts';
import type { FromChild } from './messages.ts';
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

const backoffMs = 100;
const backoffMsMax = 5_000;
/** A child that lived this long has not crashed at start. */
const healthyMs = 10_000;

/** Starts the app and waits until it answers HTTP.
 * @throws HostRefusal when the port is taken or the app cannot start; the message is a sentence for the user */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  const { scriptRoot, watch = false, log: say = console.error } = options;
  const shared = openPort(options.port);
  const { port } = shared;
  const app = supervise(options, shared, say);
  await app.ready;
  if (watch) {
    // Imports of builtin modules are most of what an idle supervisor weighs: only what this run needs.
    const { watchFiles } = await import('./watch-files.ts');
    const unwatch = watchFiles(scriptRoot, app.reload, say);
    void app.exited.then(unwatch);
  }
  const { stop, exited } = app;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    stop,
    exited,
    get pid() {
      return app.pid();
    },
  };
}

type Supervised = Pick<RunningHost, 'stop' | 'exited'> & {
  readonly ready: Promise<void>;
  readonly reload: () => void;
  readonly pid: () => number;
};

function supervise(options: HostOptions, shared: SharedPort, say: (line: string) => void): Supervised {
  const childOptions = {
    port: shared.port,
    holder: `${process.pid} ${shared.port} ${performance.timeOrigin}`,
  };
  const ready = Promise.withResolvers<void>();
  const exited = Promise.withResolvers<number>();
  let current: ChildProcess | undefined;
  let state: 'starting' | 'running' | 'reloading' | 'stopping' = 'starting';
  let refusal: string | undefined;
  let restart: NodeJS.Timeout | undefined;
  let restartMs = 0;

  const close = (): void => {
    if (state !== 'stopping') shared.close();
    state = 'stopping';
    clearTimeout(restart);
  };
  const onMessage = (message: FromChild): void => {
    if (message.kind === 'refused') refusal = message.sentence;
    else if (message.kind === 'ready') {
      if (state === 'starting') state = 'running';
      ready.resolve();
    } else if (state !== 'reloading') close();
  };
  const onExit = (child: ChildProcess, code: number, livedMs: number): void => {
    current = undefined;
    const why = refusal ?? `the app's process ended (${child.signalCode ?? `exit code ${code}`})`;
    refusal = undefined;
    if (state === 'starting') {
      close();
      ready.reject(new HostRefusal(why));
    }
    if (state === 'stopping') return exited.resolve(code);
    say(state === 'reloading' ? 'A file changed: the app starts anew.' : `${why}; it is started again.`);
    // A first crash costs no wait; crashes one after the other cost more and more.
    if (state === 'reloading' || livedMs > healthyMs) restartMs = 0;
    restart = setTimeout(start, restartMs);
    restartMs = Math.min(backoffMsMax, restartMs * 2 || backoffMs);
    state = 'running';
  };
  const start = (): void => {
    const startedMs = performance.now();
    const child = (current = forkChild(childOptions, shared.handle, options));
    child.on('message', onMessage);
    child.on('error', ({ message }) => {
      if (child.pid === undefined)
        refusal = `the app cannot be run in the folder ${options.scriptRoot}: ${message}`;
    });
    void exitCodeOf(child).then((code) => onExit(child, code, performance.now() - startedMs));
  };
  start();
  return {
    ready: ready.promise,
    exited: exited.promise,
    pid: () => current?.pid ?? 0,
    reload() {
      if (state !== 'running' || current === undefined) return;
      state = 'reloading';
      void endChild(current);
    },
    async stop() {
      close();
      if (current === undefined) exited.resolve(0);
      else await endChild(current);
      await exited.promise;
    },
  };
}
