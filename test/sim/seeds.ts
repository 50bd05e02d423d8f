/** Seeds that have found something: each is run again in every test run. What it was, in one line. */
export type KnownSeed = { readonly seed: number; readonly days: number; readonly was: string };

export const knownSeeds: readonly KnownSeed[] = [
  {
    seed: 7,
    days: 1,
    was: 'VMs read before the pool that guards them: two instances added the same missing ones',
  },
  { seed: 109, days: 1, was: 'classic lanes whose service id begins with 0 were never served' },
];
