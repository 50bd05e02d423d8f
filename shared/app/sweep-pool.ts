/** Everything of a pool whose time is over, a bounded part of it at a run; ranges by time, so that nothing else is read. */
import { tagOf } from '../core/ids.ts';
import { firstDayInUse } from '../core/idempotency.ts';
import { limits } from '../core/limits.ts';
import type { Pool } from '../core/pool.ts';
import type { App } from './ports.ts';
import { eachStep } from './each-step.ts';
import { sweepJobs } from './sweep-jobs.ts';
import { sweepResults } from './sweep-results.ts';
import { sweepRange, type Swept } from './sweep-rows.ts';
import { sweepUnstarted } from './sweep-unstarted.ts';

/** At most once in `limits.sweepRestMs` and process, but at once again while there is more. */
export async function sweepPool(app: App, pool: Pool): Promise<Swept> {
  const place = `sweep|${pool.poolId}|${pool.kind}`;
  const swept = await app.memory.recall(place, limits.sweepRestMs, () => sweepAll(app, pool));
  if (swept === 'more') app.memory.forget(place);
  return swept;
}

async function sweepAll(app: App, pool: Pool): Promise<Swept> {
  const tag = tagOf(pool.poolId);
  const { subscriptionId } = pool;
  const nowMs = app.clock.now();
  const beforeDay = firstDayInUse(nowMs);
  const beforeMs = Math.max(0, nowMs - limits.jobRetentionMs);
  // Nothing in a pool is older than the pool: what goes by its age is not looked for before.
  const isOlderThan = (ms: number) => nowMs - pool.createdMs >= ms;
  const leaveMs = pool.kind === 'active' ? limits.registeredMsMax : 0;
  const steps: (readonly [ageMs: number, sweep: () => Promise<Swept>])[] = [
    [leaveMs, () => sweepUnstarted(app, pool, leaveMs)],
    [limits.resultSasMs, () => sweepResults(app, tag)],
    [limits.jobRetentionMs, () => sweepJobs(app, tag)],
    [limits.jobRetentionMs, () => sweepRange(app, { of: 'gone', tag, beforeMs })],
    [limits.idempotencyMs, () => sweepRange(app, { of: 'job-keys', tag, beforeDay })],
    // These are its account's.
    [0, () => sweepRange(app, { of: 'pool-keys', subscriptionId, beforeDay })],
  ];
  const swept = await eachStep(steps.flatMap(([ageMs, sweep]) => (isOlderThan(ageMs) ? [sweep] : [])));
  return swept.includes('more') ? 'more' : 'done';
}
