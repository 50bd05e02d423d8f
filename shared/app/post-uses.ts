/** Posts what classic jobs have used: one line per job, from the outbox, which is emptied behind it. */
import { classicTag } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import { lineOfUse, type Use } from '../core/metering.ts';
import { periodAt, type Plan } from '../core/plan.ts';
import { tierOf } from './periods.ts';
import { postLines } from './post-lines.ts';
import type { App, Write } from './ports.ts';

/** At most `limits.postLinesMax` entries a run; each step repeats harmlessly, and the next tick goes on. */
export async function postUses(app: App): Promise<void> {
  const page = await app.store.list({ of: 'uses', tag: classicTag }, { limit: limits.postLinesMax });
  const batches = new Map<string, { plan: Plan; startMs: number; uses: Use[] }>();
  for (const { row: use } of page.rows) {
    const plan = await planOf(app, use);
    const { startMs } = periodAt(plan, tierOf(app, plan), use.toMs);
    const batch = batches.get(`${plan.planId}|${startMs}`) ?? { plan, startMs, uses: [] };
    batch.uses.push(use);
    batches.set(`${plan.planId}|${startMs}`, batch);
  }
  for (const { plan, startMs, uses } of batches.values()) {
    await postLines(app, plan, startMs, uses.map(lineOfUse));
    const writes = uses.map((key): Write => ({ do: 'remove', kind: 'use', key }));
    await app.store.commit(writes);
  }
}

/** The job says whose plan it is: read only for a plan that is not known yet. */
async function planOf(app: App, { jobId, planId }: Use): Promise<Plan> {
  const plan = await app.memory.recall(`plan|${planId}`, 60_000, async () => {
    const job = await app.store.get('job', { jobId });
    return app.store.get('plan', { subscriptionId: job?.row.subscriptionId ?? '', planId });
  });
  if (plan === undefined) throw new Error(`plan ${planId}, which pays for job ${jobId}, does not exist`);
  return plan.row;
}
