/** A mutant in a process of its own: the module loader hands out changed sources; no file is written. */
import { registerHooks } from 'node:module';
import { mutants } from './table.ts';

/** To be called before the simulator is loaded. @throws when there is no such mutant */
export function applyMutant(name: string): void {
  const mutant = mutants.find((one) => one.name === name);
  if (mutant === undefined)
    throw new Error(`there is no mutant "${name}": ${mutants.map((one) => one.name).join(', ')}`);
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const edits = mutant.edits.filter(({ file }) => url.endsWith(`/shared/${file}`));
      if (edits.length === 0) return loaded;
      const { source: given } = loaded;
      if (!(given instanceof Uint8Array)) throw new Error(`${url} was not loaded as bytes`);
      let source = new TextDecoder().decode(given);
      for (const { find, put } of edits) {
        if (source.split(find).length !== 2) throw new Error(`the mutant "${name}" does not fit: ${find}`);
        source = source.replace(find, () => put);
      }
      return { ...loaded, source };
    },
  });
}
