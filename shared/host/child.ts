/** The process that runs the app: started by the supervisor, which holds the port and hands it over. */
import type { SendHandle } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { isTimer, makeAdminApi } from './admin-api.ts';
import { installFunctionsCore } from './functions-core.ts';
import { readHostConfig, readLocalSettings, type HostConfig, type LocalSettings } from './host-config.ts';
import { makeBuffered } from './http-buffered.ts';
import { checkedHttpFunctions, isDisabled, methodsOf } from './http-functions.ts';
import { makeHttpHost, type HttpHost } from './http-server.ts';
import { makeStreaming } from './http-streaming.ts';
import type { RegisteredFunction } from './core-types.ts';
import type { Invoker } from './invoke.ts';
import { loadApp, type LoadedApp } from './load-app.ts';
import { createLog, describeFault, type Log } from './log.ts';
import type { ChildOptions, FromChild } from './messages.ts';
import { HostRefusal } from './refusal.ts';
import { makeRouteTable, templateOf } from './route-table.ts';
import { portTaken } from './shared-port.ts';
import { runTimersUnderLock } from './timer-lock.ts';
import { blobTimerStore, hostIdOf } from './timer-store.ts';
import { makeTimers } from './timers.ts';

const graceMs = 30_000;
const failAllMs = 500;
const defaultBodyBytesMax = 104_857_600;
const env = process.env;

/** What SIGTERM and the supervisor's word do; until the app runs there is nothing to drain. */
let stop = async (): Promise<void> => process.exit(0);

function tell(message: FromChild): void {
  if (process.connected) process.send?.(message);
}

function end(log: Log, code: number): never {
  log.flush();
  process.exit(code);
}

async function start(options: ChildOptions, port: SendHandle): Promise<void> {
  const scriptRoot = process.cwd();
  const { leaseId = randomUUID() } = options;
  const config = readHostConfig(scriptRoot);
  const local = readLocalSettings(scriptRoot);
  for (const [name, value] of Object.entries(local.values)) env[name] ??= value;
  env['WEBSITE_HOSTNAME'] ??= `127.0.0.1:${options.port}`;
  env['AzureWebJobsScriptRoot'] ??= scriptRoot;
  env['FUNCTIONS_WORKER_RUNTIME'] ??= 'node';
  const log = createLog(config.logLevels, (text) => void process.stdout.write(text));
  for (const warning of config.warnings) log('warning', 'Host', warning);
  process.on('uncaughtException', (error) => {
    log('critical', 'Worker', `Worker uncaught exception: ${describeFault(error)}`);
    end(log, 1);
  });
  process.on('disconnect', () => end(log, 1));

  const core = installFunctionsCore(log);
  const app = await loadApp(core, scriptRoot, (text) => log('warning', 'Host', text));
  const functions = [...core.functions.values()].filter(
    ({ metadata }) => config.only?.includes(metadata.name) ?? true,
  );
  let host: HttpHost | undefined;
  let isTimedOut = false;
  const invoker: Invoker | undefined = app.model && {
    core,
    model: app.model,
    log,
    timeoutMs: config.functionTimeoutMs,
    onTimeout: (name, id) => {
      if (isTimedOut) return;
      isTimedOut = true;
      log(
        'critical',
        'Host',
        `Timeout value of ${config.functionTimeoutMs / 1000}s was exceeded by 'Functions.${name}' (Id=${id}). Restarting the worker process.`,
      );
      setTimeout(() => end(log, 1), failAllMs);
      void host?.failAll().then(() => end(log, 1));
    },
  };
  host = serve({ options: { ...options, leaseId }, config, local, log, app, invoker, functions });
  await host.listen(port).catch(() => {
    throw portTaken(options.port);
  });
  tell({ kind: 'ready', leaseId });
}

type App = {
  readonly options: Required<ChildOptions>;
  readonly config: HostConfig;
  readonly local: LocalSettings;
  readonly log: Log;
  readonly app: LoadedApp;
  readonly invoker: Invoker | undefined;
  readonly functions: readonly RegisteredFunction[];
};

function serve({ options, config, local, log, app, invoker, functions }: App): HttpHost {
  const isInError = (name: string, why: string): void =>
    log('error', 'Host', `The '${name}' function is in error: ${why}`);
  const enabled = functions.filter(({ metadata }) => !isDisabled(metadata.name, env));
  const webFunctions = checkedHttpFunctions(enabled, isInError);
  for (const { name, methods } of webFunctions) {
    const method = methods?.find((one) => one === 'TRACE' || one === 'CONNECT');
    if (method !== undefined)
      log('warning', 'Host', `'${name}' lists ${method}: the real host leaves such a request hanging.`);
  }
  const timers = invoker && makeTimers(invoker, enabled.filter(isTimer), env, isInError);
  const urls = new Map(
    webFunctions.map((one) => [
      one.name,
      `http://127.0.0.1:${options.port}/${templateOf(config.routePrefix, one)}`,
    ]),
  );
  const hostId = hostIdOf(process.cwd(), env);
  const host = makeHttpHost({
    routes: makeRouteTable(config.routePrefix, webFunctions),
    functions: new Map(webFunctions.map((one) => [one.name, one])),
    transport: transportOf(invoker, app),
    admin: makeAdminApi({
      hostId,
      functions: new Map(functions.map((fn) => [fn.metadata.name, fn])),
      settings: env,
      urlOf: (name) => urls.get(name),
      runNow: (name) => timers?.runNow(name) ?? false,
    }),
    cors: { origins: local.cors, allowCredentials: local.corsCredentials },
    customHeaders: config.customHeaders,
    maxRequests: config.maxRequests,
    hasHomepage: !/^true$/i.test(env['AzureWebJobsDisableHomepage'] ?? ''),
    bodyBytesMax: Number(env['FUNCTIONS_REQUEST_BODY_SIZE_LIMIT'] ?? defaultBodyBytesMax),
    log,
  });
  printFunctions(log, functions, urls);

  let releaseTimers = async (): Promise<void> => undefined;
  const storage = env['AzureWebJobsStorage'] ?? '';
  if (timers !== undefined && timers.count > 0) {
    if (storage === '')
      log('warning', 'Host', 'AzureWebJobsStorage is not set: timers do not run, HTTP does.');
    else
      releaseTimers = runTimersUnderLock(timers, () => blobTimerStore(storage, hostId, options.leaseId), log);
  }
  let isStopping = false;
  stop = async () => {
    if (isStopping) return;
    isStopping = true;
    const drained = host.drain(graceMs);
    tell({ kind: 'draining' });
    // The app learns it as a worker does, and may let go of what it holds.
    process.emit('SIGTERM', 'SIGTERM');
    log('information', 'Host', 'Stopping: running requests and timers may end.');
    await Promise.all([drained, releaseTimers().then(() => timers?.finish())]);
    await app
      .terminate()
      .catch((error: unknown) =>
        log('error', 'Worker', `An appTerminate hook threw: ${describeFault(error)}`),
      );
    end(log, 0);
  };
  return host;
}

function transportOf(invoker: Invoker | undefined, app: LoadedApp): ReturnType<typeof makeBuffered> {
  if (invoker === undefined) return () => Promise.reject(new Error('the app has no function'));
  return app.streamServer === undefined ? makeBuffered(invoker) : makeStreaming(invoker, app.streamServer);
}

function printFunctions(
  log: Log,
  functions: readonly RegisteredFunction[],
  urls: ReadonlyMap<string, string>,
): void {
  const lines = functions.map((fn) => {
    const { name } = fn.metadata;
    if (isDisabled(name, env)) return `\t${name}: disabled`;
    if (urls.has(name)) return `\t${name}: [${methodsOf(fn)?.join(',') ?? 'ANY'}] ${urls.get(name)}`;
    return `\t${name}: ${isTimer(fn) ? 'timerTrigger' : 'not run here'}`;
  });
  log('information', 'Host', `Functions:\n\n${lines.sort().join('\n\n')}\n`);
}

// There before the app is loaded: what it adds for a signal is then never the only listener.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => void stop());
process.once('message', (options: ChildOptions, port: SendHandle) => {
  process.on('message', () => void stop());
  start(options, port).catch((error: unknown) => {
    tell({
      kind: 'refused',
      sentence:
        error instanceof HostRefusal ? error.message : `the host could not start: ${describeFault(error)}`,
    });
    process.exitCode = 2;
    if (process.connected) process.disconnect();
  });
});
