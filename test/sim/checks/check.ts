/** What a check is: it hangs itself on the world, and may look once more when everything has come to rest. */
import type { World } from '../simulate.ts';

/**
 * `drained`: faults have stopped for long; `left`: and every pool has been deleted since; `aged`: and weeks have
 * passed.
 */
export type Rest = 'drained' | 'left' | 'aged';
export type Check = { readonly atRest?: (rest: Rest) => void };
export type MakeCheck = (world: World) => Check;
