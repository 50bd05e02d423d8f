/** What the library gets for `require('@azure/functions-core')`: registration of functions and hooks, and the log. */
import Module from 'node:module';
import type {
  FunctionCallback,
  FunctionMetadata,
  HookCallback,
  HookName,
  LogCategory,
  LogLevel,
  ProgrammingModel,
  RegisteredFunction,
} from './core-types.ts';
import type { Log } from './log.ts';

/** The real host and worker that this one stands in for. */
export const hostVersion = '4.1037.0';
const hookNames: readonly string[] = ['appStart', 'appTerminate', 'preInvocation', 'postInvocation', 'log'];

/** Everything the app registered, and the ways to reach it. */
export type FunctionsCore = {
  readonly functions: ReadonlyMap<string, RegisteredFunction>;
  model(): ProgrammingModel | undefined;
  /** From here on a registration throws, as in the real worker. */
  close(): void;
  runHooks(name: HookName, context: Record<string, unknown>): Promise<void>;
  log(level: LogLevel, category: LogCategory, message: string, from?: LogSource): void;
};
export type LogSource = { readonly functionName: string; readonly invocationContext?: object };

class CoreError extends Error {
  readonly isAzureFunctionsSystemError = true;
}
class CoreRangeError extends RangeError {
  readonly isAzureFunctionsSystemError = true;
}
class Disposable {
  readonly #onDispose: () => void;
  constructor(onDispose: () => void) {
    this.#onDispose = onDispose;
  }
  static from(...parts: { dispose(): unknown }[]): Disposable {
    return new Disposable(() => parts.forEach((part) => part.dispose()));
  }
  dispose(): void {
    this.#onDispose();
  }
}

/** Makes the core and answers `require('@azure/functions-core')` with it, for CommonJS and ESM apps alike. */
export function installFunctionsCore(log: Log): FunctionsCore {
  const functions = new Map<string, RegisteredFunction>();
  const hooks = new Map<string, HookCallback[]>(hookNames.map((name) => [name, []]));
  let model: ProgrammingModel | undefined;
  let closed = false;

  const core: FunctionsCore = {
    functions,
    model: () => model,
    close: () => void (closed = true),
    async runHooks(name, context) {
      const listed = hooks.get(name)?.slice() ?? [];
      if (listed.length === 0) return;
      for (const key of ['hookData', 'invocationContext'])
        if (key in context) Object.defineProperty(context, key, { writable: false });
      for (const hook of listed) await hook(context);
    },
    log(level, category, message, from) {
      const entry = { level, category, message, hookData: {}, invocationContext: from?.invocationContext };
      for (const hook of hooks.get('log')?.slice() ?? []) hook(entry);
      const told = category === 'user' ? entry : { level, message };
      const place =
        from === undefined ? 'Worker' : `Function.${from.functionName}${category === 'user' ? '.User' : ''}`;
      log(told.level, place, told.message);
    },
  };
  const api = {
    version: '3.0.0',
    hostVersion,
    Disposable,
    setProgrammingModel: (given: ProgrammingModel) => void (model = given),
    getProgrammingModel: () => model,
    log: (level: LogLevel, category: LogCategory, message: string) => core.log(level, category, message),
    registerFunction(metadata: FunctionMetadata, callback: FunctionCallback): Disposable {
      if (closed) throw new CoreError('A function can only be registered during app startup.');
      if (functions.has(metadata.name)) {
        throw new CoreError(`A function with id "${metadata.name}" has already been registered.`);
      }
      functions.set(metadata.name, { metadata, callback });
      return new Disposable(() => {
        if (closed) throw new CoreError('A function can only be disposed during app startup.');
        functions.delete(metadata.name);
      });
    },
    registerHook(name: string, callback: HookCallback): Disposable {
      const list = hooks.get(name);
      if (list === undefined) throw new CoreRangeError(`Unrecognized hook "${name}"`);
      list.push(callback);
      return new Disposable(() => void list.splice(list.indexOf(callback), list.includes(callback) ? 1 : 0));
    },
  };
  answerRequire('@azure/functions-core', api);
  return core;
}

function answerRequire(id: string, answer: object): void {
  const { prototype } = Module;
  const original: unknown = Reflect.get(prototype, 'require');
  if (typeof original !== 'function') return;
  Module.prototype.require = Object.assign(function (this: NodeJS.Module, asked: string): unknown {
    return asked === id ? answer : original.call(this, asked);
  }, original);
}
