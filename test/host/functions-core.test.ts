/** What the library may do with `@azure/functions-core` beside what it does for an app's functions. */
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { installFunctionsCore } from '../../shared/host/functions-core.ts';

type Disposable = { dispose(): void };
type Api = {
  registerFunction(metadata: object, callback: () => unknown): Disposable;
  registerHook(name: string, callback: () => unknown): Disposable;
  readonly Disposable: { from(...parts: Disposable[]): Disposable };
};

function install(): { core: ReturnType<typeof installFunctionsCore>; api: Api } {
  const core = installFunctionsCore(Object.assign(() => undefined, { flush: () => undefined }));
  return { core, api: createRequire(import.meta.url)('@azure/functions-core') as Api };
}

it('takes functions back as long as the app starts, and no longer', () => {
  const { core, api } = install();
  const register = (name: string): Disposable =>
    api.registerFunction({ name, bindings: {} }, () => undefined);
  const [first, second] = [register('first'), register('second')];
  first.dispose();
  expect([...core.functions.keys()]).toEqual(['second']);
  core.close();
  for (const act of [() => second.dispose(), () => register('third')])
    expect(act).toThrow(expect.objectContaining({ isAzureFunctionsSystemError: true }));
  expect([...core.functions.keys()]).toEqual(['second']);
});

it('takes hooks back one by one or together, whenever', async () => {
  const { core, api } = install();
  const ran: string[] = [];
  const hook = (name: string): Disposable => api.registerHook('preInvocation', () => ran.push(name));
  const [a, b] = [hook('a'), hook('b')];
  hook('c');
  core.close();
  await core.runHooks('preInvocation', {});
  const both = api.Disposable.from(a, b);
  both.dispose();
  both.dispose();
  await core.runHooks('preInvocation', {});
  expect(ran).toEqual(['a', 'b', 'c', 'c']);
});
