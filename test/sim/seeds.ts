/**
 * Seeds that have found something: each is run again in every test run. What it was, in one line. Every change of the
 * code or the simulation changes what a seed does; the bugs themselves are held by `scenarios` and `mutants`.
 */
export type KnownSeed = { readonly seed: number; readonly days: number; readonly was: string };

export const knownSeeds: readonly KnownSeed[] = [
  {
    seed: 24,
    days: 1,
    was: 'VMs read beside the pool that guards them: two instances added the same missing ones',
  },
  { seed: 14, days: 1, was: 'classic lanes whose service id begins with 0 were never served' },
  { seed: 5, days: 1, was: 'a pool that was deleted while on hold kept the jobs whose start was under way' },
  {
    seed: 869_457_535,
    days: 1,
    was: 'the watch of the simulation slept on when a job came to wait beside a free VM',
  },
  {
    seed: 950_008,
    days: 3,
    was: 'a healthy VM in doubt after a stall was ended: its next beat came to nothing, and the one after that too late',
  },
  {
    seed: 1_700_154,
    days: 4,
    was: 'the status of a job read the whole outbox to know whether its plan is used up',
  },
  {
    seed: 1_900_010,
    days: 4,
    was: 'the watch of waiting VMs went on with the store of the request that had begun it, which wrote nothing any more',
  },
  {
    seed: 2_200_704,
    days: 5,
    was: 'the host of the simulation did not look after its machines where only the timer dispatches',
  },
];
