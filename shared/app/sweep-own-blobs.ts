/** Files of callers, and results without another place, in our own containers: removed when their time is over. */
import { isOlderThan, jobOfResult } from '../core/own-blob-name.ts';
import { limits } from '../core/limits.ts';
import type { App, OwnContainer } from './ports.ts';
import { eachStep } from './each-step.ts';
import type { Swept } from './sweep-rows.ts';

/** At most one page of each container a run; at rest when no old blob is left, for `limits.sweepSeldomMs`. */
export async function sweepOwnBlobs(app: App): Promise<void> {
  const swept = await app.memory.recall('sweep-own-blobs', limits.sweepSeldomMs, () =>
    eachStep<Swept>([
      // The reference to an uploaded file ends with its day's last one: from then on nobody can read it.
      () => sweepContainer(app, 'millpond-uploads', app.config.uploadMs, async () => true),
      // The job goes first: a blob whose job is missing is left behind, whatever died where.
      () => sweepContainer(app, 'millpond-results', limits.jobRetentionMs, (name) => isOrphan(app, name)),
    ]),
  );
  if (swept.includes('more')) app.memory.forget('sweep-own-blobs');
}

/** Names begin with a day: the oldest come first, and the first that is not old ends the walk. */
async function sweepContainer(
  app: App,
  container: OwnContainer,
  keptMs: number,
  mayGo: (name: string) => Promise<boolean>,
): Promise<Swept> {
  const place = `blobs|${container}`;
  const after = app.cursors.get(place);
  const page = await app.blobs.list(container, {
    limit: limits.sweepRows,
    ...(after === undefined ? {} : { after }),
  });
  const nowMs = app.clock.now();
  const old = page.blobs.filter(({ name }) => isOlderThan(name, keptMs, nowMs));
  for (const { name } of old) if (await mayGo(name)) await app.blobs.remove(container, name);
  if (page.after === undefined || old.length < page.blobs.length) {
    app.cursors.delete(place);
    return 'done';
  }
  app.cursors.set(place, page.after);
  return 'more';
}

async function isOrphan(app: App, name: string): Promise<boolean> {
  const jobId = jobOfResult(name);
  return jobId !== undefined && (await app.store.get('job', { jobId })) === undefined;
}
