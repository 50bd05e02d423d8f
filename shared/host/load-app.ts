/**
 * Loads the app as the real worker does: entry files of the `main` glob, appStart hooks, capabilities, then the
 * functions.
 */
import { EventEmitter } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ProgrammingModel } from './core-types.ts';
import type { FunctionsCore } from './functions-core.ts';
import { describeFault } from './log.ts';
import { refuse } from './refusal.ts';

export type LoadedApp = {
  /** The library; missing only when no function was registered, which nothing can ask for then. */
  readonly model: ProgrammingModel;
  /** The library's own server when the app turned HTTP streaming on: emit `request` on it to hand a request over. */
  readonly streamServer: EventEmitter | undefined;
  /** Runs the appTerminate hooks. */
  terminate(): Promise<void>;
};

/** @throws HostRefusal naming the entry file that threw; the real host would stay up and answer 404 to everything */
export async function loadApp(
  core: FunctionsCore,
  scriptRoot: string,
  warn: (text: string) => void,
): Promise<LoadedApp> {
  const entries = entryFiles(scriptRoot);
  if (entries.length === 0) warn('No job functions found: "main" of package.json matches no file.');
  for (const entry of entries) {
    try {
      await import(pathToFileURL(entry).href);
    } catch (error) {
      refuse(`the entry file ${entry} threw: ${describeFault(error)}`, error);
    }
  }
  const hookData = {};
  await core.runHooks('appStart', { hookData });
  core.close();
  const model = core.model() as ProgrammingModel;
  const streamServer = core.model() && (await startLibrary(model));
  return { model, streamServer, terminate: () => core.runHooks('appTerminate', { hookData }) };
}

/**
 * Asks for the library's capabilities. With HTTP streaming it makes a server of its own for the host to forward to;
 * here host and library share a process, so it is given a server without a socket: no second hop, no second open port.
 */
async function startLibrary(model: ProgrammingModel): Promise<EventEmitter | undefined> {
  const original = http.createServer;
  let server: EventEmitter | undefined;
  http.createServer = (() => (server = socketlessServer())) as unknown as typeof http.createServer;
  // Only what it adds counts here.
  const asked = model.getCapabilities({});
  http.createServer = original;
  const capabilities = await asked;
  if (capabilities['HttpUri'] !== undefined && server === undefined) {
    refuse(
      `this version of @azure/functions (${model.version}) streams HTTP in a way that this host does not know`,
    );
  }
  return server;
}

function socketlessServer(): EventEmitter {
  const server = new EventEmitter();
  return Object.assign(server, {
    listen: (onListening: () => void) => queueMicrotask(onListening),
    address: () => ({ address: '127.0.0.1', family: 'IPv4', port: 1 }),
  });
}

function entryFiles(scriptRoot: string): string[] {
  let main: unknown;
  try {
    main = (JSON.parse(readFileSync(join(scriptRoot, 'package.json'), 'utf8')) as { main?: unknown }).main;
  } catch (cause) {
    refuse(`package.json in ${scriptRoot} cannot be read: ${String(cause)}`, cause);
  }
  if (typeof main !== 'string' || main === '') return [];
  return globSync(main, { cwd: scriptRoot })
    .sort()
    .map((file) => join(scriptRoot, file));
}
