/**
 * One invocation through the library's model, in the real worker's order: arguments, hooks, handler, hooks, response.
 */
import type {
  CoreInvocation,
  Duration,
  InvocationModel,
  InvocationRequest,
  InvocationResponse,
  ProgrammingModel,
  RegisteredFunction,
} from './core-types.ts';
import type { FunctionsCore } from './functions-core.ts';
import { describeFault, type Log } from './log.ts';

export type Invoker = {
  readonly core: FunctionsCore;
  readonly model: ProgrammingModel;
  readonly log: Log;
  /** `functionTimeout`; Infinity = none. */
  readonly timeoutMs: number;
  /** Told once a function outlives `timeoutMs`; it ends this process. */
  readonly onTimeout: (functionName: string, invocationId: string) => void;
};

export type Call = {
  readonly fn: RegisteredFunction;
  readonly invocationId: string;
  /** Why it runs, for the log. */
  readonly reason: string;
  readonly request: InvocationRequest;
  /** Before every attempt: the streaming transport puts the request where the library looks for it. */
  readonly open?: () => void;
  /** The handler's result on its way to the library; may throw, which fails the attempt. */
  readonly shape?: (result: unknown) => unknown;
  /** Given to the library after the last fault, so that a streaming client gets an answer at once. */
  readonly instead?: object;
};

/** Why a call through HTTP or the admin API runs, in the real host's words. */
export const calledByApi = 'This function was programmatically called via the host APIs.';

/** Runs a function, again under its retry policy, and writes the real host's two log lines for each attempt.
 * @throws what the handler or a hook threw in the last attempt */
export async function invoke(invoker: Invoker, call: Call): Promise<InvocationResponse> {
  let current = call;
  for (let retryCount = 0; ;) {
    const delayMs = retryDelayMs(call.fn, retryCount);
    try {
      return await attempt(invoker, current, delayMs === undefined);
    } catch (error) {
      if (delayMs === undefined) throw error;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      retryCount++;
      const maxRetryCount = call.fn.metadata.retryOptions?.maxRetryCount ?? -1;
      const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
      const exception = { message, stackTrace: stack };
      const retryContext = { retryCount, maxRetryCount, exception };
      current = { ...call, request: { ...call.request, retryContext } };
    }
  }
}

async function attempt(invoker: Invoker, call: Call, isLast: boolean): Promise<InvocationResponse> {
  const { fn, invocationId, request } = call;
  const { metadata } = fn;
  const { name } = metadata;
  const startedMs = performance.now();
  const timer = Number.isFinite(invoker.timeoutMs)
    ? setTimeout(() => invoker.onTimeout(name, invocationId), invoker.timeoutMs)
    : undefined;
  const log = (level: 'information' | 'error', text: string): void =>
    invoker.log(level, `Function.${name}`, text);
  const executed = (outcome: string): string =>
    `Executed 'Functions.${name}' (${outcome}, Id=${invocationId}, Duration=${Math.round(performance.now() - startedMs)}ms)`;
  log('information', `Executing 'Functions.${name}' (Reason='${call.reason}', Id=${invocationId})`);
  let context: object | undefined;
  const core: CoreInvocation = {
    invocationId,
    request,
    metadata,
    state: undefined,
    log: (level, category, message) =>
      invoker.core.log(level, category, message, { functionName: name, invocationContext: context }),
  };
  const invocation = invoker.model.getInvocationModel(core);
  try {
    call.open?.();
    const given = await invocation.getArguments();
    context = given.context;
    const result = await runHandler(invoker.core, fn, core, invocation, given);
    const response = await invocation.getResponse(
      context,
      call.shape === undefined ? result : call.shape(result),
    );
    log('information', executed('Succeeded'));
    return response;
  } catch (error) {
    log('error', `${executed('Failed')}\n${describeFault(error)}`);
    if (isLast && call.instead !== undefined && context !== undefined)
      await invocation.getResponse(context, call.instead).catch(() => undefined);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function runHandler(
  core: FunctionsCore,
  fn: RegisteredFunction,
  state: CoreInvocation,
  invocation: InvocationModel,
  { context: invocationContext, inputs }: { context: object; inputs: unknown[] },
): Promise<unknown> {
  const hookData = {};
  const during = async <Result>(
    phase: CoreInvocation['state'],
    run: () => Promise<Result>,
  ): Promise<Result> => {
    state.state = phase;
    // A log after the last phase is one that the handler has not waited for: the library warns of it then.
    return run().finally(() => (state.state = undefined));
  };
  const before = { hookData, invocationContext, inputs, functionCallback: fn.callback };
  await during('preInvocationHooks', () => core.runHooks('preInvocation', before));
  const ended = await during('invocation', () =>
    invocation.invokeFunction(invocationContext, before.inputs, before.functionCallback).then(
      (result) => ({ result, error: null }),
      (error: unknown) => ({ result: null, error: error ?? new Error('the function threw nothing') }),
    ),
  );
  const after = { hookData, invocationContext, inputs: before.inputs, ...ended };
  await during('postInvocationHooks', () => core.runHooks('postInvocation', after));
  if (after.error !== undefined && after.error !== null) throw after.error;
  return after.result ?? undefined;
}

/** How long to wait after attempt `retryCount` before the next; undefined = there is none. */
function retryDelayMs({ metadata }: RegisteredFunction, retryCount: number): number | undefined {
  const options = metadata.retryOptions;
  const most = options?.maxRetryCount ?? -1;
  if (options === undefined || (most !== -1 && retryCount >= most)) return undefined;
  if (options.retryStrategy === 'fixedDelay') return durationMs(options.delayInterval);
  const leastMs = durationMs(options.minimumInterval);
  return Math.min(leastMs * 2 ** retryCount, Math.max(leastMs, durationMs(options.maximumInterval)));
}

function durationMs(duration: Duration | undefined): number {
  return (duration?.seconds ?? 0) * 1000 + (duration?.nanos ?? 0) / 1e6;
}
