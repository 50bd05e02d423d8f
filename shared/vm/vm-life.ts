/** A VM from its hello to the reason why it ends: one assignment after the other, beating all the while. */
import { limits } from '../core/limits.ts';
import type { Assignment, Done, NextReply, Outcome } from '../core/vm-protocol.ts';
import { backOrStuck } from './back-or-stuck.ts';
import { JobFault } from './job-fault.ts';
import { makePacemaker } from './pacemaker.ts';
import { pause } from './pause.ts';
import type { RunOptions } from './run-assignment.ts';
import type { ServiceClient } from './service-client.ts';
import { watchLimits } from './watch-limits.ts';

export type VmLifeParts = {
  readonly client: ServiceClient;
  /** Rejects only with the reason of its signal. */
  readonly run: (assignment: Assignment, options: RunOptions) => Promise<Outcome>;
  /** Fired when the process is to leave; the reason is a text. */
  readonly leaving: AbortController;
  /** Default `limits.beatIdleMs`. */
  readonly beatIdleMs?: number;
  /** Default `defaultGraces`. */
  readonly graces?: Graces;
};

/** How long a run that was told to end may take to come back; then it is stuck, and the process must go. */
export type Graces = {
  /** Its process is to go anyway: the job is beyond its limits, or the VM is to leave. */
  readonly leaveMs: number;
  /** Its job is another's: a batch may take its time, since a new VM takes more. Below `limits.leaveMs`, at which the service ends it. */
  readonly dropMs: number;
};
const defaultGraces: Graces = { leaveMs: 3_000, dropMs: limits.leaveMs - 10_000 };

/** @returns why it ends; the bye has been said */
export async function liveVm(parts: VmLifeParts): Promise<string> {
  const { client, leaving, beatIdleMs } = parts;
  const hello = await client.hello(leaving.signal);
  if (hello.kind === 'stop') return goodbye(parts, hello.why);
  const pacemaker = makePacemaker({
    client,
    stop: (why) => leaving.abort(why),
    ...(beatIdleMs === undefined ? {} : { idleMs: beatIdleMs }),
  });
  try {
    let next = await client.next(leaving.signal);
    for (;;) {
      switch (next.kind) {
        case 'stop':
          return await goodbye(parts, next.why);
        case 'wait':
          await pause(next.pauseMs, leaving.signal);
          next = await client.next(leaving.signal);
          break;
        case 'work':
          next = await work(parts, pacemaker, next.assignment);
          break;
      }
    }
  } finally {
    pacemaker.close();
  }
}

const stuck: NextReply = { kind: 'stop', why: 'a model did not come back from a job that was to end' };

async function work(
  parts: VmLifeParts,
  pacemaker: ReturnType<typeof makePacemaker>,
  assignment: Assignment,
): Promise<NextReply> {
  const { client, leaving, graces = defaultGraces } = parts;
  const dropping = new AbortController();
  const over = new AbortController();
  const ended = AbortSignal.any([dropping.signal, leaving.signal]);
  const signal = AbortSignal.any([ended, over.signal]);
  const watch = watchLimits(assignment.limits, (fault) => over.abort(fault));
  let done: Done = { rowsDone: 0 };
  pacemaker.work({ assignment, done: () => done, drop: () => dropping.abort('dropped') });
  let outcome: Outcome | 'stuck' | undefined;
  try {
    const run = parts.run(assignment, {
      signal,
      onProgress: (now) => {
        done = now;
      },
      stillOurs: () => pacemaker.ask(signal),
    });
    outcome = await backOrStuck(run, [
      { signal: over.signal, ms: graces.leaveMs },
      { signal: leaving.signal, ms: graces.leaveMs },
      { signal: dropping.signal, ms: graces.dropMs },
    ]);
    if (outcome !== 'stuck' && !signal.aborted) {
      return await client.finish(assignment, outcome, leaving.signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    watch.stop();
    pacemaker.rest();
  }
  if (!ended.aborted && over.signal.reason instanceof JobFault) {
    // What went beyond its limits may hold on to threads and memory: the process goes with it.
    const { code, message } = over.signal.reason;
    const failed: Outcome = { kind: 'failed', code, message };
    const next = await client.finish(assignment, failed, leaving.signal, 'leave');
    return outcome === 'stuck' && next.kind !== 'stop' ? stuck : next;
  }
  // Another job would wait for the same threads: it is not even asked for.
  if (outcome === 'stuck' && !leaving.signal.aborted) return stuck;
  return client.next(leaving.signal);
}

async function goodbye(parts: VmLifeParts, why: string): Promise<string> {
  await parts.client.bye();
  return why;
}
