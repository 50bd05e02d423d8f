/** What the conformance suite asks of the contract between library and host: hooks, registration, logs, retries, timers. */
import { createRequire } from 'node:module';
import { app } from '@azure/functions';

const core = createRequire(import.meta.url)('@azure/functions-core');
const http = (name, handler, options = {}) =>
  app.http(name, { authLevel: 'anonymous', methods: ['GET'], route: name, handler, ...options });
const seen = { readOnly: {}, logs: [], started: undefined };

function faultOf(act) {
  try {
    return { value: act() };
  } catch (error) {
    return { name: error.name, message: error.message, isSystem: error.isAzureFunctionsSystemError === true };
  }
}

const doubled = faultOf(() => {
  http('doubled', () => ({ body: 'first' }));
  http('doubled', () => ({ body: 'second' }), { route: 'doubled2' });
});
const unused = core.registerHook('preInvocation', () => (seen.unused = true));
unused.dispose();

// The library has its own contexts over the host's: this one is the host's.
core.registerHook('preInvocation', (context) => {
  if (context.invocationContext.functionName === 'hooked')
    seen.readOnly.ofHost = faultOf(() => (context.hookData = {})).message;
});
app.hook.appStart((context) => (context.hookData.started = 'yes'));
app.hook.appStart((context) => (seen.started = context.hookData.started));
app.hook.preInvocation((context) => {
  const { functionName } = context.invocationContext;
  context.hookData.of = functionName;
  if (functionName !== 'hooked') return;
  seen.readOnly.hookData = faultOf(() => (context.hookData = {})).message;
  seen.readOnly.invocationContext = faultOf(() => (context.invocationContext = {})).message;
  context.inputs = ['replaced', 'twice'];
  const before = context.functionHandler;
  context.functionHandler = (...args) => ({ body: [typeof before, ...args.slice(0, 2)].join(' ') });
});
app.hook.postInvocation((context) => {
  const { functionName } = context.invocationContext;
  if (context.hookData.of !== functionName) throw new Error('the hooks of one invocation share no data');
  if (functionName === 'hooked')
    context.result = { body: [context.result.body, context.inputs[0], 'after'].join(' ') };
  if (functionName === 'mended') {
    seen.mended = [context.error?.message, context.result ?? null];
    context.error = null;
    context.result = { body: 'mended' };
  }
  if (functionName === 'broken') context.error = new Error('broken by the hook');
});
app.hook.log((context) => {
  if (context.category !== 'user') return;
  seen.readOnly.category = faultOf(() => (context.category = 'system')).message;
  context.message = context.message.replace('secret', '***');
  seen.logs.push([context.level, context.message, context.invocationContext?.functionName]);
});

http('hooked', () => ({ body: 'original' }));
http('mended', () => {
  throw new Error('hidden');
});
http('broken', () => ({ body: 'whole' }));
http('logs', (_request, context) => {
  for (const level of ['trace', 'debug', 'info', 'warn', 'error']) context[level](`%s ${level}`, 'my secret');
  return { body: 'logged' };
});
http('seen', () => ({ jsonBody: seen }));
http('contract', () => ({
  jsonBody: {
    hostVersion: core.hostVersion,
    model: core.getProgrammingModel().name,
    doubled,
    late: faultOf(() => http('late', () => ({}))),
    setup: faultOf(() => app.setup({ enableHttpStream: true })),
    unknownHook: faultOf(() => core.registerHook('dance', () => undefined)),
    setting: process.env.EVERY_SECOND,
    zone: new Date(2026, 6, 1).toISOString(),
  },
}));

let attempts = 0;
http(
  'retried',
  (_request, context) => {
    attempts++;
    if (attempts % 3 !== 0) throw new Error(`attempt ${attempts}`);
    return { jsonBody: { attempts, retry: context.retryContext } };
  },
  { retry: { strategy: 'fixedDelay', maxRetryCount: 2, delayInterval: { milliseconds: 50 } } },
);

const runs = { often: [], byHand: [] };
let running = 0;
app.timer('often', {
  schedule: '%EVERY_SECOND%',
  handler: async (timer) => {
    running++;
    runs.often.push({ running, timer });
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    running--;
  },
});
app.timer('byHand', { schedule: '0 0 0 1 1 *', handler: (timer) => runs.byHand.push(timer) });
app.timer('inError', { schedule: 'often', handler: () => undefined });
http('runs', () => ({ jsonBody: runs }));
