/** Where results go that no output override names: the web service's own storage account, or a container of ours. */
import type { BlobPlace } from '../core/blob-ref.ts';
import { resultName } from '../core/own-blob-name.ts';
import { badArgument, unavailable, type Refused } from '../core/refusal.ts';
import type { Service } from '../core/service.ts';
import { accountByKey, resultContainer, type AccountByKey } from '../core/storage-account.ts';
import type { App } from './ports.ts';
import { storageOf } from './service-definition.ts';

export type OutputPlaces = {
  readonly kind: 'places';
  readonly places: Readonly<Record<string, BlobPlace>>;
};

/** A container that was there is taken to be there so long; a start looks at it anyway. */
const rememberedMs = 60_000;

/** @param names outputs of the service that the job names no place for */
export async function defaultOutputs(
  app: App,
  service: Service,
  jobId: string,
  names: readonly string[],
): Promise<OutputPlaces | Refused> {
  if (names.length === 0) return { kind: 'places', places: {} };
  const storage = await storageOf(app, service);
  if (storage === undefined) return ownPlaces(app, jobId, names);
  const account = accountByKey(storage, "the web service's storageAccount", app.config);
  if (account.kind === 'refused') return account;
  const bad = await ensureContainer(app, account, "The web service's storage account");
  if (bad !== undefined) return bad;
  const { endpoint, access } = account;
  const places = names.map((name) => {
    const place = { endpoint, container: resultContainer, name: blobOf(jobId, name), access };
    return [name, place] as const;
  });
  return { kind: 'places', places: Object.fromEntries(places) };
}

async function ownPlaces(app: App, jobId: string, names: readonly string[]): Promise<OutputPlaces> {
  const places = names.map(
    async (name) => [name, await app.blobs.place('millpond-results', resultName(jobId, name))] as const,
  );
  return { kind: 'places', places: Object.fromEntries(await Promise.all(places)) };
}

/** Makes the container for results where it is missing. @param what begins the sentence of a refusal */
export async function ensureContainer(
  app: App,
  { endpoint, access }: AccountByKey,
  what: string,
): Promise<Refused | undefined> {
  const key = `container|${endpoint}|${app.secrets.sha256(access.key)}`;
  const made = await app.memory.recall(key, rememberedMs, () =>
    app.callerBlobs.makeContainer({ endpoint, container: resultContainer, access }),
  );
  if (made === 'made') return undefined;
  app.memory.forget(key);
  const where = `${what} (${endpoint})`;
  switch (made.kind) {
    case 'missing':
      return badArgument('InvalidStorageAccount', `${where} does not exist: correct its name.`);
    case 'forbidden':
      return badArgument(
        'InvalidStorageAccount',
        `${where} refused the container "${resultContainer}": ${made.reason}. Check the account key.`,
      );
    case 'unreachable':
      return unavailable(
        'StorageUnreachable',
        `${where} did not answer: ${made.reason}. Nothing was changed; try again.`,
      );
  }
}

function blobOf(jobId: string, output: string): string {
  return `${jobId}/${output}.csv`;
}
