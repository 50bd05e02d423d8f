/** Runs Azurite (blobs, tables, and queues for Core Tools) as a child process on a data directory of its own. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { emulatorConnectionString } from '../settings.ts';
import { CliError } from './cli-error.ts';
import { lockData } from './data-lock.ts';
import { chooseAzuritePorts, rememberAzuritePorts, type AzuritePorts } from './azurite-ports.ts';

export type Azurite = {
  readonly ports: AzuritePorts;
  readonly connectionString: string;
  readonly pid: number;
  /** Fulfilled when the process is gone, for whatever reason. */
  readonly exited: Promise<void>;
  /** Ends it in the way that makes it save what it holds, and waits. */
  stop(): Promise<void>;
};

export type AzuriteOptions = {
  /** The data go to `azurite/` in it; made when missing. */
  readonly directory: string;
  /** The usual ports 10000 to 10002 where they are free (default), or any. Either way those of the last time come next. */
  readonly ports?: 'usual' | 'any';
};

const triesMax = 3;
/** A busy machine needs several seconds. */
const startMs = 60_000;
/** Azurite closes within a fraction of a second, but first writes all its tables. */
const stopMs = 10_000;

/** @throws CliError when another Azurite works on this directory, or when it does not start. */
export async function runAzurite(options: AzuriteOptions): Promise<Azurite> {
  const lock = lockData(options.directory);
  if (lock.kind === 'held') {
    throw new CliError(
      `The data in ${options.directory} is in use by process ${lock.pid} (Azurite of another \`npm start\`, \`npm run ` +
        `demo\` or \`npm run azurite\`): stop that one, or name another folder with --data.`,
    );
  }
  try {
    const { child, exited, ports } = await launchOnFreePorts(options);
    void exited.then(() => lock.release());
    rememberAzuritePorts(options.directory, ports);
    const pid = child.pid ?? 0;
    const stop = () => stopChild(child, exited);
    return { ports, connectionString: emulatorConnectionString(ports), pid, exited, stop };
  } catch (error) {
    lock.release();
    throw error;
  }
}

type Launched = {
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
  readonly ports: AzuritePorts;
};

/** Somebody may take a port between our look and Azurite's: then there is another try, on others. */
async function launchOnFreePorts({ directory, ports: wanted = 'usual' }: AzuriteOptions): Promise<Launched> {
  for (let tries = 1; ; tries++) {
    const child = launch(join(directory, 'azurite'), await chooseAzuritePorts(directory, wanted));
    const exited = once(child, 'exit').then(() => undefined);
    const outcome = await listening(child, exited);
    if (outcome.kind === 'listening') return { child, exited, ports: outcome.ports };
    child.kill('SIGKILL');
    await exited;
    if (tries < triesMax && outcome.said.includes('EADDRINUSE')) continue;
    throw new CliError(`Azurite did not start: ${outcome.said || 'it said nothing'}`);
  }
}

/** Ends Azurite, with its data saved, when the channel to us closes: we asked for it, or are gone however we ended. */
const endWithParent =
  "data:text/javascript,process.once('disconnect',()=>process.kill(process.pid,'SIGTERM'))";

function launch(location: string, ports: AzuritePorts): ChildProcess {
  const main = createRequire(import.meta.url).resolve('azurite/dist/src/azurite.js');
  const listen = (['blob', 'queue', 'table'] as const).flatMap((service) => [
    `--${service}Host`,
    '127.0.0.1',
    `--${service}Port`,
    String(ports[service]),
  ]);
  return fork(
    main,
    ['--location', location, '--silent', '--skipApiVersionCheck', '--disableTelemetry', ...listen],
    {
      execArgv: ['--import', endWithParent],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A group of its own: Ctrl-C on the terminal must reach only us, since the storage goes last.
      detached: true,
    },
  );
}

/** Waits for one line for each of the three services, which name the ports. */
async function listening(
  child: ChildProcess,
  exited: Promise<void>,
): Promise<{ kind: 'listening'; ports: AzuritePorts } | { kind: 'not'; said: string }> {
  const ports: { blob?: number; queue?: number; table?: number } = {};
  const said: string[] = [];
  const { promise: ready, resolve } = Promise.withResolvers<'ready'>();
  const hear = (line: string) => {
    said.push(line);
    const [, service, port] =
      /^Azurite (\w+) service is successfully listening at \S+:(\d+)$/.exec(line) ?? [];
    if (service === 'Blob') ports.blob = Number(port);
    if (service === 'Queue') ports.queue = Number(port);
    if (service === 'Table') ports.table = Number(port);
    if (complete(ports)) resolve('ready');
  };
  const readers = [child.stdout, child.stderr].flatMap((stream) =>
    stream === null ? [] : [createInterface(stream).on('line', hear)],
  );
  const heardAll = Promise.all(readers.map((reader) => once(reader, 'close')));
  const late = AbortSignal.timeout(startMs);
  const timeUp = once(late, 'abort').then(() => 'late' as const);
  const outcome = await Promise.race([
    ready,
    exited.then(() => heardAll).then(() => 'ended' as const),
    timeUp,
  ]);
  if (outcome === 'ready' && complete(ports)) return { kind: 'listening', ports };
  return { kind: 'not', said: said.slice(-3).join(' | ') };
}

function complete(ports: Partial<AzuritePorts>): ports is AzuritePorts {
  return ports.blob !== undefined && ports.queue !== undefined && ports.table !== undefined;
}

async function stopChild(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.connected) child.disconnect();
  const force = setTimeout(() => child.kill('SIGKILL'), stopMs);
  await exited;
  clearTimeout(force);
}
