/** A web service's model: fetched, checked in a process of its own, and kept under its hash. */
import { parseBlobRef, parseBlobUrl, type BlobRef } from '../core/blob-ref.ts';
import { limits } from '../core/limits.ts';
import { badArgument, type Refused } from '../core/refusal.ts';
import type { Column, Service } from '../core/service.ts';
import { modelBlob } from './assignment.ts';
import type { App } from './ports.ts';

/** Where the model is, and where in the request that stands. */
export type ModelWish = { readonly path: string } & (
  { readonly uri: string; readonly credentials?: string } | { readonly ref: BlobRef }
);

export type TakenModel = {
  readonly kind: 'model';
  readonly state: Service['state'];
  readonly columns: readonly Column[];
  readonly scored: readonly Column[];
};

/** Each is held in memory while it is taken, and checked in a process that may take much of it. */
export function takeModel(app: App, wish: ModelWish): Promise<TakenModel | Refused> {
  return app.modelTurns(() => take(app, wish));
}

/** A model that cannot be served is no refusal: it leaves the service `failed` with the reason. */
async function take(app: App, wish: ModelWish): Promise<TakenModel | Refused> {
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
  wish: ModelWish,
): Promise<{ readonly kind: 'bytes'; readonly bytes: Uint8Array } | Refused> {
  const use = { path: wish.path, role: 'other' } as const;
  const parsed =
    'ref' in wish ? parseBlobRef(wish.ref, use, app.config) : parseBlobUrl(wish, use, app.config);
  if (parsed.kind === 'refused') return parsed;
  const refusal = refuseStudioModel(parsed.place.name, wish.path);
  if (refusal !== undefined) return refusal;
  const fetched = await app.callerBlobs.fetch(parsed.place, limits.modelBytesMax);
  const where = `${parsed.place.container}/${parsed.place.name}`;
  switch (fetched.kind) {
    case 'bytes':
      return fetched;
    case 'missing':
      return badArgument(
        'BlobNotFound',
        `${wish.path} names a ${fetched.what} that does not exist: ${where}. Upload the model first.`,
      );
    case 'forbidden':
      return badArgument(
        'InvalidBlob',
        `${wish.path}: the storage refused to give the model (${fetched.reason}). Give a SAS with read permission.`,
      );
    case 'unreachable':
      return badArgument('InvalidBlob', `${wish.path} could not be read: ${fetched.reason}.`);
    case 'too-large':
      return badArgument(
        'InvalidBlob',
        `${wish.path} names a model over ${limits.modelBytesMax / 1_048_576} MiB, the largest that is taken.`,
      );
  }
}

function refuseStudioModel(name: string, path: string): Refused | undefined {
  if (!name.toLowerCase().endsWith('.ilearner')) return undefined;
  return badArgument(
    'InvalidBlobExtension',
    `${path} names a trained model of Studio (.ilearner), which only Studio could run: export the model as ONNX and name the .onnx file.`,
  );
}
