/** Every check, in one place: each watches the whole run, and some look once more when everything has come to rest. */
import type { World } from '../simulate.ts';

export type Rest = 'drained' | 'left';
export type Check = { readonly atRest?: (rest: Rest) => void };
export type MakeCheck = (world: World) => Check;

const makers: readonly MakeCheck[] = [];

export function makeChecks(world: World): { atRest(rest: Rest): void } {
  const checks = makers.map((make) => make(world));
  return {
    atRest: (rest) => {
      for (const check of checks) check.atRest?.(rest);
    },
  };
}
