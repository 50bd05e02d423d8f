/** The process that runs the app: started by the supervisor, which accepts the connections and hands them over. */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { isTimer, makeAdminApi } from './admin-api.ts';
import { installFunctionsCore } from './functions-core.ts';
import { readHostConfig, readLocalSettings, type HostConfig } from './host-config.ts';
import { makeBuffered } from './http-buffered.ts';
import { checkedRouteTable, httpFunctions, isDisabled, type HttpFunction } from './http-functions.ts';
import { makeHttpHost, type HttpHost } from './http-server.ts';
import { makeStreaming } from './http-streaming.ts';
import type { Invoker } from './invoke.ts';
import { loadApp, type LoadedApp } from './load-app.ts';
import { createLog, describeFault, type Log } from './log.ts';
import type { ChildOptions, FromChild, ToChild } from './messages.ts';
import { HostRefusal } from './refusal.ts';
import { templateOf } from './route-table.ts';
import { runTimersUnderLock } from './timer-lock.ts';
import { blobTimerStore, hostIdOf } from './timer-store.ts';
import { makeTimers } from './timers.ts';

const graceMs = 30_000;
const failAllMs = 500;
const defaultBodyBytesMax = 104_857_600;

const options = JSON.parse(process.argv[2] ?? '{}') as ChildOptions;
const env = process.env;

/** What SIGTERM does; until the app runs there is nothing to drain. */
let whenTold = async (): Promise<void> => process.exit(0);

function tell(message: FromChild): void {
  if (process.connected) process.send?.(message);
}

function end(log: Log | undefined, code: number): never {
  log?.flush();
  process.exit(code);
}

async function start(): Promise<void> {
  const config = readHostConfig(options.scriptRoot);
  const local = readLocalSettings(options.scriptRoot);
  for (const [name, value] of Object.entries(local.values)) env[name] ??= value;
  env['WEBSITE_HOSTNAME'] ??= `${options.hostname}:${options.port}`;
  env['AzureWebJobsScriptRoot'] ??= options.scriptRoot;
  env['FUNCTIONS_WORKER_RUNTIME'] ??= 'node';
  const log = createLog(config.logLevels, (text) => void process.stdout.write(text));
  for (const warning of config.warnings) log('warning', 'Host', warning);
  process.on('uncaughtException', (error) => {
    log('critical', 'Worker', `Worker uncaught exception: ${describeFault(error)}`);
    end(log, 1);
  });
  process.on('disconnect', () => end(log, 1));

  // There before the app is loaded: what it adds for the signal is then never the only listener.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => void whenTold());

  const core = installFunctionsCore(log);
  const app = await loadApp(core, options.scriptRoot, (text) => log('warning', 'Host', text));
  const all = [...core.functions.values()].filter(
    ({ metadata }) => config.only?.includes(metadata.name) ?? true,
  );
  const enabled = all.filter(({ metadata }) => !isDisabled(metadata.name, env));
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
  host = startApp(config, log, app, invoker, all, enabled);
}

function startApp(
  config: HostConfig,
  log: Log,
  app: LoadedApp,
  invoker: Invoker | undefined,
  all: readonly HttpFunction['fn'][],
  enabled: readonly HttpFunction['fn'][],
): HttpHost {
  const local = readLocalSettings(options.scriptRoot);
  const webFunctions = httpFunctions(enabled);
  const timerFunctions = enabled.filter(isTimer);
  const timers = invoker && makeTimers(invoker, timerFunctions, env);
  const urls = new Map(webFunctions.map((one) => [one.name, urlOf(config, one)]));
  const hostId = hostIdOf(options.scriptRoot, env);
  const functions = new Map(all.map((fn) => [fn.metadata.name, fn]));
  const host = makeHttpHost({
    routes: checkedRouteTable(config.routePrefix, webFunctions),
    functions: new Map(webFunctions.map((one) => [one.name, one])),
    transport: transportOf(invoker, app),
    admin: makeAdminApi({
      hostId,
      functions,
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
  printFunctions(log, all, urls);

  let releaseTimers = async (): Promise<void> => undefined;
  const storage = env['AzureWebJobsStorage'] ?? '';
  const leaseId = options.leaseId ?? randomUUID();
  if (timers !== undefined && timerFunctions.length > 0) {
    if (storage === '')
      log('warning', 'Host', 'AzureWebJobsStorage is not set: timers do not run, HTTP does.');
    else releaseTimers = runTimersUnderLock(timers, () => blobTimerStore(storage, hostId, leaseId), log);
  }
  let isStopping = false;
  const stop = async (): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    tell({ kind: 'draining' });
    // The app learns it as a worker does, and may let go of what it holds.
    process.emit('SIGTERM', 'SIGTERM');
    log('information', 'Host', 'Stopping: running requests and timers may end.');
    await Promise.all([host.drain(graceMs), releaseTimers().then(() => timers?.finish())]);
    await app
      .terminate()
      .catch((error: unknown) =>
        log('error', 'Worker', `An appTerminate hook threw: ${describeFault(error)}`),
      );
    end(log, 0);
  };
  whenTold = stop;
  process.on('message', (message: ToChild, socket?: Socket) => {
    if (message.kind === 'stop') void stop();
    else if (isStopping) socket?.destroy();
    else if (socket !== undefined) {
      tell({ kind: 'arrived', id: message.id });
      host.serve(socket);
    }
  });
  tell({ kind: 'ready', leaseId });
  return host;
}

function transportOf(invoker: Invoker | undefined, app: LoadedApp): ReturnType<typeof makeBuffered> {
  if (invoker === undefined) return () => Promise.reject(new Error('the app has no function'));
  return app.streamServer === undefined ? makeBuffered(invoker) : makeStreaming(invoker, app.streamServer);
}

function urlOf(config: HostConfig, one: HttpFunction): string {
  return `http://${options.hostname}:${options.port}/${templateOf(config.routePrefix, one)}`;
}

function printFunctions(
  log: Log,
  all: readonly HttpFunction['fn'][],
  urls: ReadonlyMap<string, string>,
): void {
  const methodsOf = (fn: HttpFunction['fn']): string => httpFunctions([fn])[0]?.methods?.join(',') ?? 'ANY';
  const lines = all.map((fn) => {
    const { name } = fn.metadata;
    if (isDisabled(name, env)) return `\t${name}: disabled`;
    return urls.has(name)
      ? `\t${name}: [${methodsOf(fn)}] ${urls.get(name)}`
      : `\t${name}: ${isTimer(fn) ? 'timerTrigger' : 'its trigger is not run here'}`;
  });
  log('information', 'Host', `Functions:\n\n${lines.sort().join('\n\n')}\n`);
}

start().catch((error: unknown) => {
  tell({
    kind: 'refused',
    sentence:
      error instanceof HostRefusal ? error.message : `the host could not start: ${describeFault(error)}`,
  });
  process.exitCode = 2;
  if (process.connected) process.disconnect();
});
