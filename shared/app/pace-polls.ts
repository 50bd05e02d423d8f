/**
 * Polls without pause are slowed, each caller for itself, so that nobody's take the others' time; none is refused. Those
 * that are held up share what is read for them.
 */
import { limits } from '../core/limits.ts';
import { pace, unpaced } from '../core/pace.ts';
import type { Refused } from '../core/refusal.ts';
import type { Service } from '../core/service.ts';
import type { App } from './ports.ts';
import { jobStatus, type JobStatus } from './status.ts';

const rule = {
  perSecond: limits.pollsPerSecond,
  burst: limits.pollsBurst,
  delayMsMax: limits.pollDelayMsMax,
};
/** Then a caller begins anew. */
const rememberedMs = 60_000;

type Look = { sinceMs: number; status: Promise<JobStatus | Refused> | undefined };

/** As `jobStatus`, as it is after the call has come, whatever others poll for. */
export async function pacedStatus(app: App, service: Service, jobId: string): Promise<JobStatus | Refused> {
  const cameMs = app.clock.now();
  const { serviceId } = service;
  const place = await app.memory.recall(`polls|${serviceId}`, rememberedMs, async () => ({ pace: unpaced }));
  const next = pace(place.pace, rule, cameMs);
  place.pace = next.pace;
  if (next.waitMs === 0) return jobStatus(app, service, jobId);
  await app.clock.sleep(next.waitMs, app.closing);
  const look = await app.memory.recall(
    `poll|${serviceId}|${jobId}`,
    rememberedMs,
    async (): Promise<Look> => {
      return { sinceMs: 0, status: undefined };
    },
  );
  // One that was begun after this call had come is as good as its own.
  if (look.status === undefined || look.sinceMs <= cameMs) {
    look.sinceMs = app.clock.now();
    look.status = jobStatus(app, service, jobId);
  }
  return look.status;
}
