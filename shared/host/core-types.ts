/**
 * The contract of `@azure/functions-core`, as far as the library 4.16 uses it. It has no package of types of its own.
 */

export type LogLevel = 'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none';
export type LogCategory = 'user' | 'system' | 'customMetric';
export type HookName = 'appStart' | 'appTerminate' | 'preInvocation' | 'postInvocation' | 'log';
export type HookCallback = (context: Record<string, unknown>) => unknown;
export type FunctionCallback = (...args: unknown[]) => unknown;

export type Binding = {
  readonly type: string;
  readonly direction: string;
  readonly [option: string]: unknown;
};
export type Duration = { readonly seconds?: number; readonly nanos?: number } | null;
export type RetryOptions = {
  readonly retryStrategy?: 'fixedDelay' | 'exponentialBackoff';
  /** -1 or missing = without end. */
  readonly maxRetryCount?: number;
  readonly delayInterval?: Duration;
  readonly minimumInterval?: Duration;
  readonly maximumInterval?: Duration;
};
export type FunctionMetadata = {
  readonly name: string;
  readonly bindings: Readonly<Record<string, Binding>>;
  readonly retryOptions?: RetryOptions;
};
export type RegisteredFunction = { readonly metadata: FunctionMetadata; readonly callback: FunctionCallback };

/** A value on its way through the contract: exactly one member is set. */
export type TypedData = {
  readonly string?: string;
  readonly json?: string;
  readonly bytes?: Uint8Array;
  readonly http?: object;
};
/** Optional members of a cookie come wrapped: `{value}`, a timestamp as `{value: {seconds}}`. */
export type Cookie = Readonly<Record<string, unknown>>;
export type HttpReply = {
  readonly statusCode?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly Cookie[];
  readonly body?: TypedData | null;
};
export type InvocationRequest = {
  readonly inputData: readonly { readonly name: string; readonly data: TypedData }[];
  readonly triggerMetadata: Readonly<Record<string, TypedData>>;
  readonly retryContext?: object;
};
export type InvocationResponse = { readonly returnValue?: { readonly http?: HttpReply } | null };

/** One invocation, as the library sees it. */
export type CoreInvocation = {
  readonly invocationId: string;
  readonly request: InvocationRequest;
  readonly metadata: FunctionMetadata;
  state: 'preInvocationHooks' | 'invocation' | 'postInvocationHooks' | undefined;
  log(level: LogLevel, category: LogCategory, message: string): void;
};
export type InvocationModel = {
  getArguments(): Promise<{ context: object; inputs: unknown[] }>;
  invokeFunction(context: object, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: object, result: unknown): Promise<InvocationResponse>;
};
export type ProgrammingModel = {
  readonly name: string;
  readonly version: string;
  getInvocationModel(core: CoreInvocation): InvocationModel;
  getCapabilities(defaults: Record<string, string>): Promise<Record<string, string>>;
};
