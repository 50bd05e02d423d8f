/**
 * Models and definitions that nothing names any more: those of services that were replaced or deleted, and what a
 * creator left behind that died, or was refused, between its blobs and its row. A definition holds a sealed storage key,
 * so it is not kept for longer than somebody may need it.
 */
import { limits } from '../core/limits.ts';
import { allRows } from './all-rows.ts';
import { modelBlob } from './assignment.ts';
import { readSpec } from './job-spec.ts';
import type { App, OwnContainer } from './ports.ts';

const place = 'sweep-unused';

/** One part of a round a run, about `limits.sweepRows` rows or blobs; at rest for `limits.sweepSeldomMs` after a round. */
export async function sweepUnused(app: App): Promise<void> {
  if (app.memory.isNoted(place)) return;
  const walk = app.walks.get(place) ?? round(app);
  app.walks.set(place, walk);
  try {
    if ((await walk.next()).done !== true) return;
    app.walks.delete(place);
    app.memory.note(place, limits.sweepSeldomMs);
  } catch (error) {
    // The next run begins anew.
    app.walks.delete(place);
    throw error;
  }
}

async function* round(app: App): AsyncGenerator<void, void> {
  yield* sweepContainer(app, 'millpond-services', isDefinition, dropNamedDefinitions);
  yield* sweepContainer(app, 'millpond-models', isModel, dropNamedModels);
}

const isDefinition = /^[0-9a-f]{32}\/[0-9a-f]{32}\/[0-9a-f]{32}\.json$/;
const isModel = /^[0-9a-f]{64}\.onnx$/;

/** Versions of blobs by their names: what is left of it when everything that is in use has been dropped may go. */
type Unused = Map<string, string>;
type Drop = (app: App, unused: Unused) => AsyncGenerator<void, void>;

/**
 * Twice unused, `limits.unusedMs` apart, and not written again since: whoever writes a blob names it within a request's
 * time, and writes it again even if it is there. So a writer that comes in between wins, on whatever instance it is.
 */
async function* sweepContainer(
  app: App,
  container: OwnContainer,
  ours: RegExp,
  drop: Drop,
): AsyncGenerator<void, void> {
  let after: string | undefined;
  do {
    const page = await app.blobs.list(container, {
      limit: limits.sweepRows,
      ...(after === undefined ? {} : { after }),
    });
    ({ after } = page);
    const unused: Unused = new Map(page.blobs.map(({ name, etag }) => [name, etag]));
    for (const name of unused.keys()) if (!ours.test(name)) unused.delete(name);
    yield* drop(app, unused);
    if (unused.size > 0) {
      const againMs = app.clock.now() + limits.unusedMs;
      while (app.clock.now() < againMs) yield;
      yield* drop(app, unused);
    }
    for (const [name, etag] of unused) await app.blobs.remove(container, name, etag);
    if (unused.size > 0) app.log('unused-removed', { container, blobs: unused.size });
    yield;
  } while (after !== undefined);
}

/** A definition's name says whose it is, and the service's row names the present one. */
async function* dropNamedDefinitions(app: App, unused: Unused): AsyncGenerator<void, void> {
  const owners = new Set([...unused.keys()].map((name) => name.slice(0, name.lastIndexOf('/'))));
  for (const owner of owners) {
    const [subscriptionId = '', serviceId = ''] = owner.split('/');
    const service = await app.store.get('service', { subscriptionId, serviceId });
    if (service !== undefined) unused.delete(service.row.definition);
  }
  yield;
}

/** A model is named by any service that was made of the same file, and by unfinished jobs that pinned it. */
async function* dropNamedModels(app: App, unused: Unused): AsyncGenerator<void, void> {
  if (unused.size === 0) return;
  yield* dropModelsOfServices(app, unused);
  if (unused.size > 0) yield* dropModelsOfJobs(app, unused);
}

async function* dropModelsOfServices(app: App, unused: Unused): AsyncGenerator<void, void> {
  let seen = 0;
  for await (const { row: account } of allRows(app, { of: 'accounts' }, limits.sweepRows)) {
    const { subscriptionId } = account;
    for await (const { row } of allRows(app, { of: 'services', subscriptionId }, limits.sweepRows)) {
      if (row.state.kind === 'succeeded') unused.delete(modelBlob(row.state.model.sha256));
      if ((seen += 1) % limits.sweepRows === 0) yield;
    }
    if ((seen += 1) % limits.sweepRows === 0) yield;
  }
  yield;
}

async function* dropModelsOfJobs(app: App, unused: Unused): AsyncGenerator<void, void> {
  let seen = 0;
  for await (const { row: live } of allRows(app, { of: 'live' }, limits.sweepRows)) {
    for await (const { row } of allRows(app, { of: 'specs', tag: live.tag }, limits.sweepRows)) {
      const job = (await app.store.get('job', { jobId: row.jobId }))?.row;
      const read = job === undefined ? undefined : readSpec(app, job.subscriptionId, row);
      // Sealed with a secret that may come back: which model it pins nobody can say now.
      if (read?.kind === 'refused') return unused.clear();
      if (read !== undefined) unused.delete(modelBlob(read.spec.model.sha256));
      if ((seen += 1) % limits.sweepRows === 0) yield;
    }
    if ((seen += 1) % limits.sweepRows === 0) yield;
  }
  yield;
}
