/** What the simulation itself knows, whatever the rows say: which processes ran when, and what callers were told. */

/** A VM's process, as it truly was. */
export type VmFacts = {
  readonly vmId: string;
  readonly poolId: string;
  /** Its first hello was sent. */
  helloSentMs?: number;
  /** When the last call that was answered, and not turned away, was sent. */
  lastAnsweredMs?: number;
  /** When it last sent anything. */
  lastSentMs?: number;
  /** The process has ended. */
  endMs?: number;
  /** Calls of its that the service still works on. */
  openCalls: number;
  /** The service came to the end of one. */
  lastServedMs: number;
  /** Since then it has run, been reached and found somebody who answers. */
  healthyFromMs: number;
  /** A second process came under its id. */
  doubled: boolean;
};

/** A job as its caller knows it. */
export type JobFacts = {
  readonly jobId: string;
  readonly serviceId: string;
  readonly poolId: string;
  readonly output: string;
  readonly input: string;
  start: 'not-asked' | 'asked' | 'done' | 'refused';
  cancelled: boolean;
};

export type Facts = {
  readonly vms: Map<string, VmFacts>;
  readonly jobs: Map<string, JobFacts>;
  /** Results by job, with when they became visible first. */
  readonly committed: Map<string, number>;
  /** How far any instance's clock has been off at a moment when it had heard of the storage's. */
  clockErrorMs: number;
  /** Longest that any instance stood still up to now, and when it went on. */
  lastDisturbedMs: number;
  /** Jobs that came to their end, in whatever way and whether they were started or not. */
  ended: number;
  /** When a pool was last on hold, by tag. */
  readonly heldMs: Map<string, number>;
};

export function makeFacts(): Facts {
  return {
    vms: new Map(),
    jobs: new Map(),
    committed: new Map(),
    clockErrorMs: 1_000,
    lastDisturbedMs: 0,
    ended: 0,
    heldMs: new Map(),
  };
}
