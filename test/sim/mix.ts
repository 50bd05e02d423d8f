/** Which faults a seed meets, and how often: each kind is on or off by itself, so that every combination comes up. */
import type { SeededRandom } from '../../shared/storage/seeded-random.ts';
import type { VmPace } from './vm-pace.ts';

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** Times are means; an absent one means never. */
export type Mix = {
  /** Share of calls to the storage that take no time, so that whole use cases run as one. */
  readonly immediate: number;
  readonly latencyMaxMs: number;
  /** Share of storage calls that fail, at any time. */
  readonly fault: number;
  /** Minutes in which every fifth call fails. */
  readonly stormEveryMs?: number;
  /** Nobody is answered, for up to ten minutes. */
  readonly stallEveryMs?: number;
  /** Everybody is told to come back later. */
  readonly throttleEveryMs?: number;
  /** Share of queries whose page is short or empty. */
  readonly shortPages: number;
  /** An instance dies. */
  readonly crashEveryMs?: number;
  /** An instance stands still for up to ten minutes. */
  readonly pauseEveryMs?: number;
  /** Share of calls of VMs and users that get lost on their way there or back. */
  readonly netLoss: number;
  /** A VM process is killed, hangs, or is cut off. */
  readonly vmTroubleEveryMs?: number;
  /** Share of machines that do not come up. */
  readonly deadOnArrival: number;
  /** Whether all hosts go home at night. */
  readonly nights: 'worked' | 'dark';
  readonly instances: number;
  /** `local`: machines live and die with one host. `batch`: they belong to nobody. */
  readonly machines: 'local' | 'batch';
  readonly tickEveryMs: number;
  /** Share of ticks that are left out, come late, or come twice. */
  readonly tickTrouble: number;
  readonly dispatch: 'at-once' | 'timer';
  readonly vmPace: VmPace;
  readonly classicVms: number;
  readonly classicRunningMax: number;
  readonly sealing: 'real' | 'quick';
  /** Wall clocks are off by up to this much. */
  readonly wallSkewMs: number;
  readonly driftPerMs: number;
};

const calm: Mix = {
  immediate: 0.9,
  latencyMaxMs: 30,
  fault: 0,
  shortPages: 0,
  netLoss: 0,
  deadOnArrival: 0,
  nights: 'worked',
  instances: 1,
  machines: 'local',
  tickEveryMs: 5 * minuteMs,
  tickTrouble: 0,
  dispatch: 'at-once',
  vmPace: 'sixth',
  classicVms: 3,
  classicRunningMax: 2,
  sealing: 'quick',
  wallSkewMs: 0,
  driftPerMs: 0,
};

export function makeMix(random: SeededRandom): Mix {
  const topology = {
    instances: random.pick([1, 2, 2, 3]),
    machines: random.pick(['local', 'local', 'batch'] as const),
    tickEveryMs: random.pick([15, 30, 60, 60, 60, 60]) * minuteMs,
    vmPace: random.below(96) === 0 ? ('real' as const) : ('sixth' as const),
    classicVms: random.pick([1, 1, 2, 3]),
    classicRunningMax: random.pick([1, 2, 2]),
    // Few seeds seal with the real cipher: that takes a fifth of a run.
    sealing: random.below(32) === 0 ? ('real' as const) : ('quick' as const),
    ...(random.below(12) === 0
      ? { dispatch: 'timer' as const, tickEveryMs: 10 * minuteMs }
      : { dispatch: 'at-once' as const }),
  };
  if (random.below(7) === 0) return { ...calm, ...topology, immediate: random.pick([0, 0.5, 0.9]) };
  // Every third seed is rough: everything goes wrong, and often, between instances that are slow to answer.
  const isRough = random.below(3) === 0;
  const some = (everyMs: number) => {
    if (isRough) return everyMs * (0.2 + 0.6 * random.fraction());
    return random.below(2) === 0 ? everyMs * (0.5 + 2 * random.fraction()) : undefined;
  };
  const events = {
    stormEveryMs: some(4 * hourMs),
    stallEveryMs: some(3 * hourMs),
    throttleEveryMs: some(6 * hourMs),
    crashEveryMs: some(3 * hourMs),
    pauseEveryMs: some(5 * hourMs),
    vmTroubleEveryMs: some(hourMs / 2),
  };
  return {
    ...calm,
    ...topology,
    ...(isRough
      ? { instances: random.pick([2, 3]), immediate: 0.2, latencyMaxMs: random.pick([200, 1_500]) }
      : { immediate: random.pick([0, 0.5, 0.8, 0.8, 0.9]), latencyMaxMs: random.pick([20, 20, 200]) }),
    fault: random.pick([0, 0.001, 0.005, 0.02]),
    shortPages: random.pick([0, 0, 0.05, 0.5]),
    netLoss: random.pick([0, 0, 0.002, 0.02]),
    deadOnArrival: random.pick([0, 0, 0.05]),
    nights: random.pick(['worked', 'dark', 'dark'] as const),
    tickTrouble: random.pick([0, 0.1, 0.3]),
    wallSkewMs: random.pick([0, 20 * minuteMs]),
    driftPerMs: random.pick([0, 1e-5, 1e-4]),
    ...(Object.fromEntries(
      Object.entries(events).filter(([, value]) => value !== undefined),
    ) as Partial<Mix>),
  };
}
