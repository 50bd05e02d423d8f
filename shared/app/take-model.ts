/** A web service's model: fetched, checked in a process of its own, and kept under its hash. */
import { parseBlobUrl } from '../core/blob-ref.ts';
import { limits } from '../core/limits.ts';
import { badArgument, type Refused } from '../core/refusal.ts';
import type { Column, Service } from '../core/service.ts';
import { modelBlob } from './assignment.ts';
import type { App } from './ports.ts';

export type ModelWish = {
  readonly uri: string;
  readonly credentials?: string;
  /** Where it stands in the request. */
  readonly path: string;
};

export type TakenModel = {
  readonly kind: 'model';
  readonly state: Service['state'];
  readonly columns: readonly Column[];
  readonly scored: readonly Column[];
};

/** A model that cannot be served is no refusal: it leaves the service `failed` with the reason. */
export async function takeModel(app: App, wish: ModelWish): Promise<TakenModel | Refused> {
  const fetched = await fetchModel(app, wish);
  if (fetched.kind === 'refused') return fetched;
  const { bytes } = fetched;
  const report = await app.checkModel(bytes);
  if (report.kind === 'refused') {
    return { kind: 'model', state: { kind: 'failed', reason: report.reason }, columns: [], scored: [] };
  }
  const sha256 = app.secrets.sha256(bytes);
  await app.blobs.put('millpond-models', modelBlob(sha256), bytes);
  const state = { kind: 'succeeded', model: { sha256, bytes: bytes.byteLength } } as const;
  return { kind: 'model', state, columns: report.columns, scored: report.scored };
}

async function fetchModel(
  app: App,
  { path, ...location }: ModelWish,
): Promise<{ readonly kind: 'bytes'; readonly bytes: Uint8Array } | Refused> {
  const parsed = parseBlobUrl(location, { path, role: 'other' }, app.config);
  if (parsed.kind === 'refused') return parsed;
  const fetched = await app.callerBlobs.fetch(parsed.place, limits.modelBytesMax);
  const where = `${parsed.place.container}/${parsed.place.name}`;
  switch (fetched.kind) {
    case 'bytes':
      return fetched;
    case 'missing':
      return badArgument(
        'BlobNotFound',
        `${path}.uri names a ${fetched.what} that does not exist: ${where}. Upload the model first.`,
      );
    case 'forbidden':
      return badArgument(
        'InvalidBlob',
        `${path}: the storage refused to give the model (${fetched.reason}). Check credentials: a SAS with read permission.`,
      );
    case 'unreachable':
      return badArgument('InvalidBlob', `${path}.uri could not be read: ${fetched.reason}.`);
    case 'too-large':
      return badArgument(
        'InvalidBlob',
        `${path}.uri names a model over ${limits.modelBytesMax / 1_048_576} MiB, the largest that is taken.`,
      );
  }
}
