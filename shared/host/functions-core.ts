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
const hookNames: readonly HookName[] = ['appStart', 'appTerminate', 'preInvocation', 'postInvocation', 'log'];

/** Everything the app registered, and the ways to reach it. */
export type FunctionsCore = {
  readonly functions: ReadonlyMap<string, RegisteredFunction>;
  model(): ProgrammingModel | undefined;
  /** From here on a registration throws, as in the real worker. */
  close(): void;
  runHooks(name: HookName, context: Record<string, unknown>): Promise<void>;
  log(level: LogLevel, category: LogCategory, message: string, from?: LogSource): void;
};
export type LogSource = { readonly functionName: string; readonly invocationContext: object | undefined };

class Disposable {
  readonly dispose: () => void;
  constructor(dispose: () => void) {
    this.dispose = dispose;
  }
  static from(...parts: { dispose(): unknown }[]): Disposable {
    return new Disposable(() => parts.forEach((part) => part.dispose()));
  }
}

const systemError = (error: Error): Error => Object.assign(error, { isAzureFunctionsSystemError: true });

/** Makes the core and answers `require('@azure/functions-core')` with it, for CommonJS and ESM apps alike. */
export function installFunctionsCore(log: Log): FunctionsCore {
  const functions = new Map<string, RegisteredFunction>();
  const hooks = new Map<string, HookCallback[]>(hookNames.map((name) => [name, []]));
  let model: ProgrammingModel | undefined;
  let isClosed = false;
  const mustBeOpen = (what: string): void => {
    if (isClosed) throw systemError(new Error(`A function can only be ${what} during app startup.`));
  };
  const core: FunctionsCore = {
    functions,
    model: () => model,
    close: () => void (isClosed = true),
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
      const isUsers = category === 'user';
      const place = from === undefined ? 'Worker' : `Function.${from.functionName}${isUsers ? '.User' : ''}`;
      // Only what the user's code said may be changed by the user's hooks.
      if (isUsers) log(entry.level, place, entry.message);
      else log(level, place, message);
    },
  };
  answerRequire('@azure/functions-core', {
    version: '3.0.0',
    hostVersion,
    Disposable,
    setProgrammingModel: (given: ProgrammingModel) => void (model = given),
    getProgrammingModel: () => model,
    log: (level: LogLevel, category: LogCategory, message: string) => core.log(level, category, message),
    registerFunction(metadata: FunctionMetadata, callback: FunctionCallback): Disposable {
      mustBeOpen('registered');
      const { name } = metadata;
      if (functions.has(name))
        throw systemError(new Error(`A function with id "${name}" has already been registered.`));
      functions.set(name, { metadata, callback });
      return new Disposable(() => {
        mustBeOpen('disposed');
        functions.delete(name);
      });
    },
    registerHook(name: string, callback: HookCallback): Disposable {
      const list = hooks.get(name);
      if (list === undefined) throw systemError(new RangeError(`Unrecognized hook "${name}"`));
      list.push(callback);
      return new Disposable(() => void list.splice(list.indexOf(callback), list.includes(callback) ? 1 : 0));
    },
  });
  return core;
}

function answerRequire(id: string, answer: object): void {
  const { prototype } = Module;
  const original = Reflect.get(prototype, 'require') as (this: NodeJS.Module, asked: string) => unknown;
  Reflect.set(prototype, 'require', function (this: NodeJS.Module, asked: string): unknown {
    return asked === id ? answer : original.call(this, asked);
  });
}
