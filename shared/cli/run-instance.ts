/** Millpond on this machine: settings, Azurite where no other storage is named, and the host; ended in reverse order. */
import { HostRefusal } from '../host/refusal.ts';
import { startHost } from '../host/supervisor.ts';
import { readSettings, SettingsError, type Settings } from '../settings.ts';
import { CliError } from './cli-error.ts';
import { tryPort } from './free-port.ts';
import { hostLog, type HostLog } from './host-log.ts';
import { removeInstance, writeInstance } from './instance-file.ts';
import { localEnv } from './local-settings.ts';
import { runAzurite, type Azurite } from './run-azurite.ts';

export type RunOptions = {
  readonly root: string;
  /** Absolute; made when missing. */
  readonly directory: string;
  readonly port: number;
  readonly azuritePorts: 'usual' | 'any';
  /** Its own address under any setting, for an instance that nobody else is to use. */
  readonly ownUrl: boolean;
  /** One line for the terminal. */
  readonly tell: (line: string) => void;
};

export type RunningInstance = {
  readonly url: string;
  readonly settings: Settings;
  /** Missing where AzureWebJobsStorage names another storage. */
  readonly azurite?: Azurite;
  /** Fulfilled with a sentence when a part of it ends by itself. */
  readonly broken: Promise<string>;
  /** Ends everything in order. May be called again; all calls wait for the same end. */
  stop(): Promise<void>;
  /** Ends everything now. */
  kill(): void;
};

const readyMs = 30_000;
const pollMs = 25;

/** @throws CliError (or SettingsError) with nothing left running. */
export async function runInstance(options: RunOptions): Promise<RunningInstance> {
  const local = localEnv(options.root, process.env);
  const ownAzurite = isDefaultEmulator(local['AzureWebJobsStorage']);
  checkSettings(local);
  await checkPort(options.port);
  const azurite = ownAzurite
    ? await runAzurite({ directory: options.directory, ports: options.azuritePorts })
    : undefined;
  const env = instanceEnv(local, options, azurite);
  const log = hostLog(options.directory, options.tell);
  try {
    const settings = readSettings(env);
    const host = await startHost({
      scriptRoot: options.root,
      port: options.port,
      env,
      log: (line) => log.write(line),
    });
    const instance = assemble(options, settings, host, azurite, log);
    await untilHealthy(instance);
    writeInstance(options.directory, { url: host.url, pid: process.pid });
    return instance;
  } catch (error) {
    log.close();
    await azurite?.stop();
    throw error;
  }
}

type Host = Awaited<ReturnType<typeof startHost>>;

function assemble(
  options: RunOptions,
  settings: Settings,
  host: Host,
  azurite: Azurite | undefined,
  log: HostLog,
): RunningInstance {
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    removeInstance(options.directory);
    log.quiet();
    try {
      await host.stop();
    } finally {
      log.close();
      await azurite?.stop();
    }
  };
  const broken = Promise.race([
    host.exited.then(() => `The Functions host ended by itself (${log.file} says why).`),
    ...(azurite ? [azurite.exited.then(() => 'Azurite ended by itself.')] : []),
  ]);
  return {
    url: host.url,
    settings,
    ...(azurite ? { azurite } : {}),
    broken,
    stop: () => (stopping ??= stop()),
    kill: () => {
      removeInstance(options.directory);
      killQuietly(host.pid);
      if (azurite) killQuietly(azurite.pid);
    },
  };
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

/** The emulator as the sample names it stands for "Azurite, wherever `npm start` puts it". */
function isDefaultEmulator(connectionString: string | undefined): boolean {
  const value = connectionString?.replaceAll(/[\s;]/g, '') ?? '';
  return value === '' || value.toLowerCase() === 'usedevelopmentstorage=true';
}

function checkSettings(env: Record<string, string>): void {
  readSettings({ ...env, AzureWebJobsStorage: env['AzureWebJobsStorage'] || 'UseDevelopmentStorage=true' });
}

/** @throws CliError when somebody listens there. */
export async function checkPort(port: number): Promise<void> {
  if ((await tryPort(port)) !== undefined) return;
  throw new CliError(
    `Port ${port} of 127.0.0.1 is taken by another program (or another Millpond): stop it, or choose another port: ` +
      `npm start -- --port ${port + 1}`,
  );
}

function instanceEnv(
  local: Record<string, string>,
  options: RunOptions,
  azurite: Azurite | undefined,
): Record<string, string> {
  const own = `http://127.0.0.1:${options.port}`;
  return {
    ...local,
    TZ: 'UTC',
    FUNCTIONS_WORKER_RUNTIME: 'node',
    AzureWebJobsDisableHomepage: 'true',
    // A stop waits for held requests: nobody wants to watch it do so for 20 s.
    MILLPOND_VM_HOLD_S: local['MILLPOND_VM_HOLD_S'] || '5',
    TICK_SCHEDULE: local['TICK_SCHEDULE'] || '*/5 * * * * *',
    MILLPOND_PUBLIC_URL: (options.ownUrl ? '' : local['MILLPOND_PUBLIC_URL']) || own,
    ...(azurite ? { AzureWebJobsStorage: azurite.connectionString } : {}),
  };
}

/** Waits for GET /health = 200; on the way out everything is stopped. */
async function untilHealthy(instance: RunningInstance): Promise<void> {
  const late = performance.now() + readyMs;
  let last = 'it did not answer';
  const broken = instance.broken.then((why) => ({ why }));
  try {
    while (performance.now() < late) {
      const answer = await Promise.race([askHealth(instance.url), broken]);
      if (typeof answer === 'object') throw new CliError(answer.why);
      if (answer === 'ok') return;
      last = answer;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    throw new CliError(`Millpond did not get ready within ${readyMs / 1_000} s: ${last}.`);
  } catch (error) {
    await instance.stop();
    throw error;
  }
}

async function askHealth(url: string): Promise<string> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5_000) });
    const text = await response.text();
    return response.status === 200 ? 'ok' : `/health answers ${response.status} ${text.slice(0, 300)}`;
  } catch (error) {
    return `/health: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** The sentence for the terminal, or undefined for a bug, which deserves its stack. */
export function sentenceOf(error: unknown): string | undefined {
  if (error instanceof HostRefusal) return `The Functions host did not start: ${error.message}`;
  return error instanceof CliError || error instanceof SettingsError ? error.message : undefined;
}
