/** The instance that the demo talks to: one that runs already, or one of its own on free ports. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildIfNeeded } from './build-if-needed.ts';
import { dataHolder } from './data-lock.ts';
import { freePort } from './free-port.ts';
import { findInstance } from './instance-file.ts';
import { ensureLocalSettings, localEnv } from './local-settings.ts';
import { projectRoot } from './places.ts';
import { runInstance } from './run-instance.ts';

export type DemoInstance = {
  readonly url: string;
  readonly operatorKey: string;
  readonly own: boolean;
  /** Stops what the demo started. */
  stop(): Promise<void>;
  kill(): void;
};

/** @throws CliError with nothing left running. */
export async function demoInstance(directory: string, say: (line: string) => void): Promise<DemoInstance> {
  ensureLocalSettings(projectRoot, process.env);
  const running = await findInstance(directory);
  if (running !== undefined) {
    say(`Using the Millpond that runs on ${running.url}.`);
    const operatorKey = localEnv(projectRoot, process.env)['MILLPOND_OPERATOR_KEY'] ?? '';
    return { url: running.url, operatorKey, own: false, stop: async () => undefined, kill: () => undefined };
  }
  await buildIfNeeded(projectRoot, (why) => say(`Building, since ${why} ...`));
  const place = choosePlace(directory);
  say(`Starting a Millpond of its own (data in ${place.directory}) ...`);
  const instance = await runInstance({
    root: projectRoot,
    directory: place.directory,
    port: await freePort(),
    azuritePorts: place.azuritePorts,
    ownUrl: true,
    tell: say,
  });
  return {
    url: instance.url,
    operatorKey: instance.settings.operatorKey,
    own: true,
    stop: async () => {
      await instance.stop();
      place.leave();
    },
    kill: () => instance.kill(),
  };
}

type Place = {
  readonly directory: string;
  readonly azuritePorts: 'usual' | 'any';
  readonly leave: () => void;
};

/** The usual folder; a passing one while something else works on the usual one (`npm run azurite`). */
function choosePlace(directory: string): Place {
  if (dataHolder(directory) === undefined)
    return { directory, azuritePorts: 'usual', leave: () => undefined };
  const passing = mkdtempSync(join(tmpdir(), 'millpond-demo-'));
  const leave = () => rmSync(passing, { recursive: true, force: true });
  return { directory: passing, azuritePorts: 'any', leave };
}
