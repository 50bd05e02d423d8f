/** Every check, in one place: each watches the whole run, and some look once more when everything has come to rest. */
import type { World } from '../simulate.ts';
import { assignments } from './assignments.ts';
import { restsInPeace } from './at-rest.ts';
import { belongings } from './belongings.ts';
import { bounds } from './bounds.ts';
import type { MakeCheck, Rest } from './check.ts';
import { classicBill } from './classic-bill.ts';
import { clocks } from './clocks.ts';
import { fifo } from './fifo.ts';
import { healthyVms } from './healthy.ts';
import { jobsEndOnce } from './jobs.ts';
import { ledger } from './ledger.ts';
import { lifetimes } from './lifetimes.ts';
import { outputs } from './outputs.ts';
import { oneEach } from './once.ts';
import { pairs } from './pairs.ts';
import { promptness } from './prompt.ts';
import { quotas } from './quotas.ts';
import { retention } from './retention.ts';
import { noSecrets } from './secrets.ts';
import { wishes } from './wishes.ts';

const makers: readonly MakeCheck[] = [
  assignments,
  belongings,
  bounds,
  classicBill,
  clocks,
  fifo,
  healthyVms,
  jobsEndOnce,
  ledger,
  lifetimes,
  outputs,
  pairs,
  quotas,
  noSecrets,
  oneEach,
  promptness,
  wishes,
  restsInPeace,
  retention,
];

export function makeChecks(world: World): { atRest(rest: Rest): void } {
  const checks = makers.map((make) => make(world));
  return {
    atRest: (rest) => {
      if (!world.scheduler.halted) for (const check of checks) check.atRest?.(rest);
    },
  };
}
