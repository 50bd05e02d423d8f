/** A small v4 app in a temporary folder, run by the host under test; everything it left is removed at the end. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync, mkdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startHost, type HostOptions, type RunningHost } from '../../shared/host/supervisor.ts';

export const repository = fileURLToPath(new URL('../..', import.meta.url));

export type AppOptions = {
  /** Source of functions/main.js, below the import of `app` and `HttpResponse`. */
  readonly code: string;
  /** False = buffered; default true. */
  readonly streams?: boolean;
  readonly hostJson?: object | string | null;
  readonly localSettings?: object;
};

export type FixtureHost = RunningHost & {
  readonly lines: readonly string[];
  /** The first line that matches, already printed or still to come. */
  line(pattern: RegExp): Promise<string>;
};

const undo: (() => Promise<void> | void)[] = [];

/** Stops the hosts and removes the folders of this file's tests; call it in `afterEach` or `afterAll`. */
export async function cleanUp(): Promise<void> {
  for (const step of undo.splice(0).toReversed()) await step();
}

/** Registers what `cleanUp` undoes, last first. */
export function atEnd(step: () => Promise<void> | void): void {
  undo.push(step);
}

export function writeApp({ code, streams = true, hostJson, localSettings }: AppOptions): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'functions-host-')));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  mkdirSync(join(folder, 'functions'));
  const json = (name: string, value: object | string): void =>
    writeFileSync(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value));
  json('package.json', { type: 'module', main: 'functions/*.js' });
  if (hostJson !== null)
    json('host.json', hostJson ?? { version: '2.0', extensions: { http: { routePrefix: '' } } });
  if (localSettings !== undefined) json('local.settings.json', localSettings);
  writeFunctions(folder, `app.setup({ enableHttpStream: ${streams} });\n${code}`);
  return folder;
}

export function writeFunctions(folder: string, code: string): void {
  writeFileSync(
    join(folder, 'functions', 'main.js'),
    `import { app, HttpResponse } from '@azure/functions';\n${code}`,
  );
}

export async function run(folder: string, options: Partial<HostOptions> = {}): Promise<FixtureHost> {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const host = await startHost({
    scriptRoot: folder,
    port: 0,
    ...options,
    env: { AzureWebJobsStorage: '', ...options.env },
    log: (line) => {
      lines.push(line);
      for (const check of waiting) check();
    },
  });
  atEnd(() => host.stop());
  const line = (pattern: RegExp): Promise<string> => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const check = (): void => {
      const found = lines.find((text) => pattern.test(text));
      if (found !== undefined) resolve(found);
    };
    waiting.add(check);
    check();
    return promise.finally(() => waiting.delete(check));
  };
  return Object.assign(Object.create(host) as RunningHost, { lines, line });
}
