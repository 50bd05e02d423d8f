/** The process that runs the app: started by the supervisor, which holds the port and hands it over. */
import type { SendHandle } from 'node:child_process';
import { makeAdminApi } from './admin-api.ts';
import type { RegisteredFunction } from './core-types.ts';
import { installFunctionsCore } from './functions-core.ts';
import { readHostConfig, readLocalSettings, type HostConfig, type LocalSettings } from './host-config.ts';
import { makeBuffered } from './http-buffered.ts';
import { checkedHttpFunctions, isDisabled, triggerOf, type HttpFunction } from './http-functions.ts';
import { makeHttpHost, type HttpHost } from './http-server.ts';
import { makeStreaming } from './http-streaming.ts';
import { loadApp, type LoadedApp } from './load-app.ts';
import { createLog, describeFault, type Log } from './log.ts';
import type { ChildOptions, FromChild } from './messages.ts';
import { HostRefusal } from './refusal.ts';
import { makeRouteTable, templateOf } from './route-table.ts';
import { portTaken } from './shared-port.ts';
import { runTimersUnderLock } from './timer-lock.ts';
import { blobTimerStore, hostIdOf } from './timer-store.ts';
import { makeTimers, timerTrigger } from './timers.ts';

const graceMs = 30_000;
/** How long the answers of running requests may take once a function has timed out. */
const failAllMs = 250;
const defaultBodyBytesMax = 104_857_600;
const { env } = process;

/** What SIGTERM does; until the app runs there is nothing to drain. */
let stop = async (): Promise<void> => process.exit(0);

function tell(message: FromChild): void {
  if (process.connected) process.send?.(message);
}

function end(log: Log, code: number): never {
  log.flush();
  process.exit(code);
}

async function start(options: ChildOptions, handle: SendHandle): Promise<void> {
  const { config, local, log } = prepare(options.port);
  const core = installFunctionsCore(log);
  const app = await loadApp(core, process.cwd(), (text) => log('warning', 'Host', text));
  const timeoutMs = config.functionTimeoutMs;
  const onTimeout = (name: string, id: string): void => {
    const text = `Timeout value of ${timeoutMs / 1000}s was exceeded by 'Functions.${name}' (Id=${id}). Restarting the worker process.`;
    log('critical', 'Host', text);
    host.failAll();
    setTimeout(() => end(log, 1), failAllMs);
  };
  const invoker = { core, ...app, log, timeoutMs, onTimeout };
  const functions = [...core.functions.values()].filter(
    ({ metadata }) => config.only?.includes(metadata.name) ?? true,
  );
  const enabled = functions.filter(({ metadata }) => !isDisabled(metadata.name, env));
  const isInError = (name: string, why: string): void =>
    log('error', 'Host', `The '${name}' function is in error: ${why}`);
  const webFunctions = checkedHttpFunctions(enabled, isInError);
  const timers = makeTimers(invoker, enabled, env, isInError);
  const base = `http://127.0.0.1:${options.port}`;
  const urls = new Map(
    webFunctions.map((one) => [one.name, `${base}/${templateOf(config.routePrefix, one)}`]),
  );
  const hostId = hostIdOf(process.cwd(), env);
  const host = makeHttpHost({
    ...config,
    ...local,
    routes: makeRouteTable(config.routePrefix, webFunctions),
    transport: app.streamServer ? makeStreaming(invoker, app.streamServer) : makeBuffered(invoker),
    admin: makeAdminApi({
      hostId,
      functions,
      settings: env,
      urls,
      runNow(name) {
        const why = `'Functions.${name}' was not run by hand: only timers that are on can be.`;
        if (!timers.runNow(name)) log('error', `Function.${name}`, why);
      },
    }),
    hasHomepage: !/^true$/i.test(env['AzureWebJobsDisableHomepage'] ?? ''),
    bodyBytesMax: Number(env['FUNCTIONS_REQUEST_BODY_SIZE_LIMIT'] ?? defaultBodyBytesMax),
    log,
  });
  printFunctions(log, functions, webFunctions, urls);
  const connect = () => blobTimerStore(env['AzureWebJobsStorage'] ?? '', hostId, options.holder);
  let releaseTimers = async (): Promise<void> => undefined;
  if (timers.count > 0) {
    if (env['AzureWebJobsStorage']) releaseTimers = runTimersUnderLock(timers, connect, log);
    else log('warning', 'Host', 'AzureWebJobsStorage is not set: timers do not run, HTTP does.');
  }
  const finishTimers = () => releaseTimers().then(() => timers.finish());
  stop = async () => {
    stop = () => Promise.resolve();
    await endInOrder(log, host, finishTimers, app);
  };
  await host.listen(handle).catch(() => {
    throw portTaken(options.port);
  });
  tell({ kind: 'ready' });
}

/** Reads the settings into the environment, and makes the log, which hears of every fault from here on. */
function prepare(port: number): { config: HostConfig; local: LocalSettings; log: Log } {
  const scriptRoot = process.cwd();
  const config = readHostConfig(scriptRoot);
  const local = readLocalSettings(scriptRoot);
  const settings = {
    ...local.values,
    WEBSITE_HOSTNAME: `127.0.0.1:${port}`,
    AzureWebJobsScriptRoot: scriptRoot,
    FUNCTIONS_WORKER_RUNTIME: 'node',
  };
  for (const [name, value] of Object.entries(settings)) env[name] ??= value;
  const log = createLog(config.logLevels, (text) => void process.stdout.write(text));
  for (const warning of config.warnings) log('warning', 'Host', warning);
  process.on('uncaughtException', (error) => {
    log('critical', 'Worker', `Worker uncaught exception: ${describeFault(error)}`);
    end(log, 1);
  });
  process.on('disconnect', () => end(log, 1));
  return { config, local, log };
}

async function endInOrder(
  log: Log,
  host: HttpHost,
  finishTimers: () => Promise<void>,
  app: LoadedApp,
): Promise<void> {
  const drained = host.drain(graceMs);
  tell({ kind: 'draining' });
  log('information', 'Host', 'Stopping: running requests and timers may end.');
  await Promise.all([drained, finishTimers()]);
  await app
    .terminate()
    .catch((error: unknown) => log('error', 'Worker', `An appTerminate hook threw: ${describeFault(error)}`));
  end(log, 0);
}

/** The list as Core Tools prints it, and a warning of what the real host would not answer. */
function printFunctions(
  log: Log,
  functions: readonly RegisteredFunction[],
  webFunctions: readonly HttpFunction[],
  urls: ReadonlyMap<string, string>,
): void {
  const lines = functions.map((fn) => {
    const { name } = fn.metadata;
    const methods = webFunctions.find((one) => one.name === name)?.methods ?? [];
    const method = methods.find((one) => one === 'TRACE' || one === 'CONNECT');
    if (method !== undefined)
      log('warning', 'Host', `'${name}' lists ${method}: the real host leaves such a request hanging.`);
    if (isDisabled(name, env)) return `\t${name}: disabled`;
    if (urls.has(name)) return `\t${name}: [${methods.join(',') || 'ANY'}] ${urls.get(name)}`;
    return `\t${name}: ${triggerOf(fn).type === timerTrigger ? 'timerTrigger' : 'not run here'}`;
  });
  log('information', 'Host', `Functions:\n\n${lines.sort().join('\n\n')}\n`);
}

// There before the app is loaded: what it adds for a signal is then never the only listener.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => void stop());
process.once('message', (options: ChildOptions, handle: SendHandle) => {
  // So the app hears of it too, as in a worker, and may let go of what it holds.
  process.on('message', () => process.emit('SIGTERM', 'SIGTERM'));
  start(options, handle).catch((error: unknown) => {
    const sentence =
      error instanceof HostRefusal ? error.message : `the host could not start: ${describeFault(error)}`;
    tell({ kind: 'refused', sentence });
    process.exitCode = 2;
    if (process.connected) process.disconnect();
  });
});
