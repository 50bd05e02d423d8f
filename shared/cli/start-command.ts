/** `npm start` without its process: builds, starts, reports, and ends everything when it is asked to. */
import { buildIfNeeded } from './build-if-needed.ts';
import { CliError } from './cli-error.ts';
import { findInstance } from './instance-file.ts';
import { ensureLocalSettings } from './local-settings.ts';
import { checkPort, runInstance, type RunningInstance } from './run-instance.ts';
import { startReport } from './start-report.ts';
import type { StopSignals } from './stop-signals.ts';

export type StartCommand = {
  readonly root: string;
  readonly directory: string;
  readonly port: number;
  readonly signals: StopSignals;
  readonly say: (line: string) => void;
  /** Told once it runs, for whoever must be able to end it at once. */
  readonly onRunning: (instance: RunningInstance) => void;
};

/** Fulfilled when everything has ended as asked. @throws CliError or SettingsError with nothing left running. */
export async function startCommand(command: StartCommand): Promise<void> {
  const { root, directory, port, signals, say } = command;
  const running = await findInstance(directory);
  if (running !== undefined) {
    throw new CliError(
      `Millpond is running already on ${running.url} with the data in ${directory} (process ${running.pid}): use that ` +
        'one, stop it, or name another folder and port with --data and --port.',
    );
  }
  await checkPort(port);
  if (ensureLocalSettings(root, process.env) === 'written') {
    say('Wrote local.settings.json with secrets of its own (readable by you only, ignored by git).');
  }
  const built = await buildIfNeeded(root, (why) => say(`Building, since ${why} ...`));
  if (built.kind === 'built') say(`Built in ${(built.tookMs / 1_000).toFixed(1)} s.`);
  const startedMs = performance.now();
  const instance = await runInstance({
    root,
    directory,
    port,
    azuritePorts: 'usual',
    ownUrl: false,
    tell: (line) => process.stderr.write(`${line}\n`),
  });
  command.onRunning(instance);
  if (!signals.signal.aborted) say(startReport(instance, directory, performance.now() - startedMs));
  const end = await Promise.race([signals.asked.then(() => 'asked' as const), instance.broken]);
  if (end === 'asked') say('\nStopping (VMs, host, storage) ...');
  await instance.stop();
  if (end !== 'asked') throw new CliError(end);
  say('Stopped. The data are kept: the next start goes on with them.');
}
