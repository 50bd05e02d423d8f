/** The HTTP functions of an app, with the checks of their routes that the real host makes before it starts. */
import type { RegisteredFunction } from './core-types.ts';
import { HostRefusal } from './refusal.ts';
import { templateOf, type HttpRoute } from './route-table.ts';

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

/** Undefined = every method, or no HTTP function. */
export function methodsOf(fn: RegisteredFunction): readonly string[] | undefined {
  const { methods } = triggerOf(fn).options;
  return Array.isArray(methods) && methods.length > 0
    ? methods.map((method) => String(method).toUpperCase())
    : undefined;
}

/** The HTTP functions among them that the real host serves; the others it leaves out, each with a line in its log.
 * @throws HostRefusal for a route that takes the whole real host down */
export function checkedHttpFunctions(
  functions: Iterable<RegisteredFunction>,
  isInError: (name: string, why: string) => void,
): HttpFunction[] {
  const good: HttpFunction[] = [];
  for (const fn of functions) {
    const { bindingName, options } = triggerOf(fn);
    if (String(options['type']).toLowerCase() !== 'httptrigger') continue;
    const route = typeof options['route'] === 'string' ? options['route'] : null;
    const one = { name: fn.metadata.name, route, methods: methodsOf(fn), fn, bindingName };
    const own = templateOf('', one);
    if (own.startsWith('/'))
      throw new HostRefusal(`the route "${own}" of "${one.name}" must not begin with a slash`);
    const twin = good.find(
      (other) => templateOf('', other).toLowerCase() === own.toLowerCase() && methodsMeet(one, other),
    );
    if (/^(?:admin|runtime)/i.test(own))
      isInError(
        one.name,
        `its route "${own}" conflicts with the host's own: it begins with admin or runtime`,
      );
    else if (twin !== undefined)
      isInError(one.name, `its route "${own}" conflicts with the one of the function "${twin.name}"`);
    else good.push(one);
  }
  return good;
}

function methodsMeet(a: HttpRoute, b: HttpRoute): boolean {
  if (!a.methods || !b.methods) return true;
  return a.methods.some((method) => b.methods?.includes(method));
}
