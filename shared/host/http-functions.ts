/** The HTTP functions of an app, with the checks of their routes that the real host makes before it starts. */
import type { RegisteredFunction } from './core-types.ts';
import { HostRefusal } from './refusal.ts';
import { makeRouteTable, templateOf, type HttpRoute, type RouteTable } from './route-table.ts';

export type HttpFunction = HttpRoute & {
  readonly fn: RegisteredFunction;
  /** The generated name of the trigger's binding. */
  readonly bindingName: string;
};

/** The binding that makes a function run, with its name. */
export function triggerOf(fn: RegisteredFunction): {
  readonly bindingName: string;
  readonly options: Readonly<Record<string, unknown>>;
} {
  const found = Object.entries(fn.metadata.bindings).find(([, { type }]) =>
    type.toLowerCase().endsWith('trigger'),
  );
  return { bindingName: found?.[0] ?? '', options: found?.[1] ?? {} };
}

/** Whether the setting `AzureWebJobs.<name>.Disabled` (or with underscores) is on. */
export function isDisabled(name: string, settings: Readonly<Record<string, string | undefined>>): boolean {
  const value = settings[`AzureWebJobs.${name}.Disabled`] ?? settings[`AzureWebJobs_${name}_Disabled`];
  return /^(?:true|1)$/i.test(value ?? '');
}

export function httpFunctions(functions: Iterable<RegisteredFunction>): HttpFunction[] {
  return [...functions].flatMap((fn) => {
    const { bindingName, options } = triggerOf(fn);
    if (String(options['type']).toLowerCase() !== 'httptrigger') return [];
    const methods = Array.isArray(options['methods']) ? options['methods'].map(String) : null;
    const route = typeof options['route'] === 'string' ? options['route'] : null;
    return [{ name: fn.metadata.name, route, methods, fn, bindingName }];
  });
}

/** @throws HostRefusal for a route that the real host refuses or dies of */
export function checkedRouteTable(prefix: string, functions: readonly HttpFunction[]): RouteTable {
  const seen: HttpFunction[] = [];
  for (const one of functions) {
    const own = templateOf('', one);
    if (own.startsWith('/'))
      throw new HostRefusal(`the route "${own}" of "${one.name}" must not begin with a slash`);
    if (/^(?:admin|runtime)/i.test(own)) {
      throw new HostRefusal(
        `the route "${own}" of "${one.name}" conflicts with the host's own: it begins with admin or runtime`,
      );
    }
    const twin = seen.find(
      (other) => templateOf('', other).toLowerCase() === own.toLowerCase() && methodsMeet(one, other),
    );
    if (twin !== undefined)
      throw new HostRefusal(`the functions "${twin.name}" and "${one.name}" have the same route "${own}"`);
    seen.push(one);
  }
  return makeRouteTable(prefix, functions);
}

function methodsMeet(a: HttpRoute, b: HttpRoute): boolean {
  if (!a.methods?.length || !b.methods?.length) return true;
  const others = b.methods.map((method) => method.toUpperCase());
  return a.methods.some((method) => others.includes(method.toUpperCase()));
}
