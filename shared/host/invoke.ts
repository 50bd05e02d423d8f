/**
 * One invocation through the library's model, in the real worker's order: arguments, hooks, handler, hooks, response.
 */
import type {
  CoreInvocation,
  Duration,
  InvocationRequest,
  InvocationResponse,
  ProgrammingModel,
  RegisteredFunction,
  RetryOptions,
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
  /** The handler's result on its way to the library. */
  readonly shape?: (result: unknown) => unknown;
  /** Given to the library instead of a fault or nothing, so that a streaming client gets an answer at once. */
  readonly instead?: object;
};

/** Runs a function, again under its retry policy, and writes the real host's two log lines for each attempt.
 * @throws what the handler or a hook threw in the last attempt */
export async function invoke(invoker: Invoker, call: Call): Promise<InvocationResponse> {
  let fault: unknown;
  for (let retryCount = 0; ; retryCount++) {
    const delayMs = retryDelayMs(call.fn.metadata.retryOptions, retryCount);
    try {
      return await attempt(invoker, call, retryCount, fault, delayMs === undefined);
    } catch (error) {
      if (delayMs === undefined) throw error;
      fault = error;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }
}

async function attempt(
  invoker: Invoker,
  call: Call,
  retryCount: number,
  fault: unknown,
  isLast: boolean,
): Promise<InvocationResponse> {
  const { log, model } = invoker;
  const { metadata } = call.fn;
  const category = `Function.${metadata.name}`;
  const startedMs = performance.now();
  const timer = Number.isFinite(invoker.timeoutMs)
    ? setTimeout(() => invoker.onTimeout(metadata.name, call.invocationId), invoker.timeoutMs)
    : undefined;
  const executed = (outcome: string): string =>
    `Executed 'Functions.${metadata.name}' (${outcome}, Id=${call.invocationId}, Duration=${Math.round(performance.now() - startedMs)}ms)`;
  log(
    'information',
    category,
    `Executing 'Functions.${metadata.name}' (Reason='${call.reason}', Id=${call.invocationId})`,
  );
  let context: object | undefined;
  const request =
    retryCount === 0
      ? call.request
      : { ...call.request, retryContext: retryContext(call, retryCount, fault) };
  const core: CoreInvocation = {
    invocationId: call.invocationId,
    request,
    metadata,
    state: undefined,
    log: (level, kind, message) =>
      invoker.core.log(level, kind, message, {
        functionName: metadata.name,
        ...(context === undefined ? {} : { invocationContext: context }),
      }),
  };
  const invocation = model.getInvocationModel(core);
  try {
    call.open?.();
    const given = await invocation.getArguments();
    context = given.context;
    const result = await runHandler(invoker, call, core, invocation, given);
    if (result === undefined && call.instead !== undefined) {
      throw new Error(
        'the function returned nothing: with HTTP streaming the real host leaves this client hanging',
      );
    }
    const response = await invocation.getResponse(
      context,
      call.shape === undefined ? result : call.shape(result),
    );
    log('information', category, executed('Succeeded'));
    return response;
  } catch (error) {
    log('error', category, `${executed('Failed')}\n${describeFault(error)}`);
    if (isLast && call.instead !== undefined && context !== undefined) {
      await invocation.getResponse(context, call.instead).catch(() => undefined);
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function runHandler(
  { core }: Invoker,
  call: Call,
  state: CoreInvocation,
  invocation: ReturnType<ProgrammingModel['getInvocationModel']>,
  { context, inputs }: { context: object; inputs: unknown[] },
): Promise<unknown> {
  const hookData = {};
  const before = { hookData, invocationContext: context, inputs, functionCallback: call.fn.callback };
  const during = async (phase: CoreInvocation['state'], run: () => Promise<unknown>): Promise<void> => {
    state.state = phase;
    // A log after the last phase is one that the handler has not waited for: the library warns of it then.
    await run().finally(() => (state.state = undefined));
  };
  await during('preInvocationHooks', () => core.runHooks('preInvocation', before));
  const after: Record<string, unknown> & { result: unknown; error: unknown } = {
    hookData,
    invocationContext: context,
    inputs: before.inputs,
    result: null,
    error: null,
  };
  await during('invocation', async () => {
    try {
      after.result = await invocation.invokeFunction(context, before.inputs, before.functionCallback);
    } catch (error) {
      after.error = error ?? new Error('the function threw nothing');
    }
  });
  await during('postInvocationHooks', () => core.runHooks('postInvocation', after));
  if (after.error !== undefined && after.error !== null) throw after.error;
  return after.result ?? undefined;
}

function retryContext(call: Call, retryCount: number, fault: unknown): object {
  const exception =
    fault instanceof Error
      ? { message: fault.message, stackTrace: fault.stack ?? '' }
      : { message: String(fault) };
  return { retryCount, maxRetryCount: call.fn.metadata.retryOptions?.maxRetryCount ?? -1, exception };
}

/** How long to wait before attempt `retryCount + 1`; undefined = there is none. */
function retryDelayMs(options: RetryOptions | undefined, retryCount: number): number | undefined {
  if (options === undefined) return undefined;
  const most = options.maxRetryCount ?? -1;
  if (most !== -1 && retryCount >= most) return undefined;
  if (options.retryStrategy === 'fixedDelay') return durationMs(options.delayInterval);
  const leastMs = durationMs(options.minimumInterval);
  return Math.min(leastMs * 2 ** retryCount, Math.max(leastMs, durationMs(options.maximumInterval)));
}

function durationMs(duration: Duration | undefined): number {
  return (duration?.seconds ?? 0) * 1000 + (duration?.nanos ?? 0) / 1e6;
}
