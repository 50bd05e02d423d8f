/** A mutant in a process of its own: whoever loads the sources hands out changed ones; no file is written. */
import { registerHooks } from 'node:module';
import type { Plugin } from 'vitest/config';
import { CliError } from '../../../shared/cli/cli-error.ts';
import { mutants, type Mutant } from './table.ts';

/** To be called before the simulator is loaded. @throws when there is no such mutant */
export function applyMutant(name: string): void {
  const mutant = find(name);
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const { source } = loaded;
      if (!concerns(mutant, url)) return loaded;
      if (!(source instanceof Uint8Array)) throw new Error(`${url} was not loaded as bytes`);
      return { ...loaded, source: mutated(mutant, url, new TextDecoder().decode(source)) };
    },
  });
}

/** The same for tests that Vitest loads. */
export function mutantPlugin(name: string): Plugin {
  const mutant = find(name);
  return {
    name: 'mutant',
    enforce: 'pre',
    transform: (source, id) => (concerns(mutant, id) ? mutated(mutant, id, source) : undefined),
  };
}

function find(name: string): Mutant {
  const mutant = mutants.find((one) => one.name === name);
  if (mutant !== undefined) return mutant;
  throw new CliError(`there is no mutant "${name}": ${mutants.map((one) => one.name).join(', ')}`);
}

function concerns({ edits }: Mutant, url: string): boolean {
  return edits.some(({ file }) => url.endsWith(`/shared/${file}`));
}

function mutated({ name, edits }: Mutant, url: string, given: string): string {
  let source = given;
  for (const { file, find: old, put } of edits) {
    if (!url.endsWith(`/shared/${file}`)) continue;
    if (source.split(old).length !== 2) throw new Error(`the mutant "${name}" does not fit: ${old}`);
    source = source.replace(old, () => put);
  }
  return source;
}
