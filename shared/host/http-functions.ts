/** The HTTP functions of an app, with the checks of their routes that the real host makes before it starts. */
import type { RegisteredFunction } from './core-types.ts';
import { refuse } from './refusal.ts';
import { templateOf, type HttpRoute } from './route-table.ts';

export type HttpFunction = HttpRoute & {
  readonly fn: RegisteredFunction;
  /** The generated name of the trigger's binding. */
  readonly bindingName: string;
};

export type Trigger = {
  readonly bindingName: string;
  /** Lower-case, like `httptrigger`; empty = it has none. */
  readonly type: string;
  readonly options: Readonly<Record<string, unknown>>;
};

/** The binding that makes a function run. */
export function triggerOf({ metadata }: RegisteredFunction): Trigger {
  for (const [bindingName, options] of Object.entries(metadata.bindings)) {
    const type = options.type.toLowerCase();
    if (type.endsWith('trigger')) return { bindingName, type, options };
  }
  return { bindingName: '', type: '', options: {} };
}

/** Whether the setting `AzureWebJobs.<name>.Disabled` (or with underscores) is on. */
export function isDisabled(name: string, settings: Readonly<Record<string, string | undefined>>): boolean {
  const value = settings[`AzureWebJobs.${name}.Disabled`] ?? settings[`AzureWebJobs_${name}_Disabled`];
  return /^(?:true|1)$/i.test(value ?? '');
}

/** The HTTP functions among them that the real host serves; the others it leaves out, each with a line in its log.
 * @throws HostRefusal for a route that takes the whole real host down */
export function checkedHttpFunctions(
  functions: Iterable<RegisteredFunction>,
  isInError: (name: string, why: string) => void,
): HttpFunction[] {
  const good: HttpFunction[] = [];
  for (const fn of functions) {
    const { bindingName, type, options } = triggerOf(fn);
    if (type !== 'httptrigger') continue;
    const { name } = fn.metadata;
    const methods = Array.isArray(options['methods']) ? options['methods'].map(String) : [];
    const route = typeof options['route'] === 'string' ? options['route'] : null;
    const one = { name, route, methods: methods.map((method) => method.toUpperCase()), fn, bindingName };
    const own = templateOf('', one);
    if (own.startsWith('/')) refuse(`the route "${own}" of "${name}" must not begin with a slash`);
    const twin = good.find(
      (other) => templateOf('', other).toLowerCase() === own.toLowerCase() && methodsMeet(one, other),
    );
    if (/^(?:admin|runtime)/i.test(own))
      isInError(name, `its route "${own}" conflicts with the host's own: it begins with admin or runtime`);
    else if (twin !== undefined)
      isInError(name, `its route "${own}" conflicts with the one of the function "${twin.name}"`);
    else good.push(one);
  }
  return good;
}

function methodsMeet({ methods: a }: HttpRoute, { methods: b }: HttpRoute): boolean {
  return !a?.length || !b?.length || a.some((method) => b.includes(method));
}
