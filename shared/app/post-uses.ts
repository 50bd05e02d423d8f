/** Posts what classic jobs have used: one line per job, from the outbox, which is emptied behind it. */
import { classicTag } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import { lineOfUse, type Use } from '../core/metering.ts';
import { periodAt, type Plan } from '../core/plan.ts';
import { eachStep } from './each-step.ts';
import { postLines } from './post-lines.ts';
import { StoreFault, type App, type Write } from './ports.ts';

/**
 * The outbox page by page, to its end or for half of a pool's time in the tick; each step repeats harmlessly, and the next
 * tick goes on. A plan that cannot be posted to keeps no other one waiting.
 */
export async function postUses(app: App): Promise<void> {
  const untilMs = app.clock.now() + limits.tickPoolMs / 2;
  const errors: unknown[] = [];
  let after: string | undefined;
  do {
    const page = await app.store.list(
      { of: 'uses', tag: classicTag },
      { limit: limits.postLinesMax, ...(after === undefined ? {} : { after }) },
    );
    const byPlan = Map.groupBy(
      page.rows.map((stored) => stored.row),
      (use) => use.planId,
    );
    const steps = [...byPlan.values()].map((uses) => () => postTo(app, uses));
    await eachStep(steps).catch((error: unknown) => {
      if (error instanceof StoreFault) throw error;
      errors.push(error);
    });
    after = page.after;
  } while (after !== undefined && app.clock.now() < untilMs);
  if (errors.length > 0) throw errors[0];
}

/** @param uses of one plan, at most `limits.postLinesMax` */
async function postTo(app: App, uses: readonly Use[]): Promise<void> {
  const [first] = uses;
  if (first === undefined) return;
  const plan = await planOf(app, first);
  for (const [startMs, part] of Map.groupBy(uses, (use) => periodAt(plan, use.toMs).startMs)) {
    await postLines(app, plan, startMs, part.map(lineOfUse));
    const writes = part.map((key): Write => ({ do: 'remove', kind: 'use', key }));
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
