/** What must be there before a job can run: account, plan, model, web service, and a file in blob storage. */
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { BlockBlobClient } from '@azure/storage-blob';
import { censusCsv } from '../samples/adult-census/census-csv.ts';
import type { Api } from './api-client.ts';
import { accountShape, keysShape, serviceShape, uploadShape, type BlobRef } from './api-shapes.ts';
import { CliError } from './cli-error.ts';
import type { Progress } from './demo-progress.ts';
import { projectRoot } from './places.ts';
import { waitUntil } from './wait-until.ts';

/** The demo's own subscription: the same at every run. */
export const demoSubscription = 'de300000000000000000000000000001';
const group = `/subscriptions/${demoSubscription}/resourceGroups/demo/providers/Microsoft.MachineLearning`;
export const planPath = `${group}/commitmentPlans/s1`;
const servicePath = `${group}/webServices/adult`;
const planVersion = 'api-version=2016-05-01-preview';
const serviceVersion = 'api-version=2017-01-01';

export type DemoAccount = { readonly key: string; readonly poolServiceUrl: string };
export type DemoService = {
  readonly key: string;
  readonly swaggerUrl: string;
  /** `/subscriptions/{s}/services/{id}`. */
  readonly path: string;
};

export async function setUpAccount(api: Api, operatorKey: string): Promise<DemoAccount> {
  const path = `/operator/accounts/${demoSubscription}`;
  const quota = { maxPools: 3, maxVmsPerPool: 8 };
  const account = await api.ask({ method: 'PUT', path, key: operatorKey, body: quota }, accountShape);
  const keys = await api.ask({ method: 'POST', path: `${path}/listKeys`, key: operatorKey }, keysShape);
  return { key: keys.primary, poolServiceUrl: account.poolServiceUrl };
}

export async function setUpPlan(api: Api, key: string): Promise<void> {
  const body = { location: 'local', sku: { name: 'S1', tier: 'Standard', capacity: 1 } };
  await api.call({ method: 'PUT', path: `${planPath}?${planVersion}`, key, body });
}

/** Uploads the sample model and makes (or renews) the web service `adult` from it. */
export async function setUpService(api: Api, key: string, signal: AbortSignal): Promise<DemoService> {
  const model = await uploadModel(api, key, signal);
  const path = `${servicePath}?${serviceVersion}`;
  await api.call({
    method: 'PUT',
    path,
    key,
    body: {
      location: 'local',
      properties: {
        title: 'Adult income',
        packageType: 'Graph',
        commitmentPlan: { id: planPath },
        assets: {
          model: {
            name: 'adult-lr',
            type: 'Module',
            locationInfo: {
              uri: model.BaseLocation + model.RelativeLocation,
              credentials: model.SasBlobToken,
            },
          },
        },
      },
    },
  });
  const made = await waitUntil(
    () => api.ask({ method: 'GET', path, key }, serviceShape),
    ({ properties }) => ['Succeeded', 'Failed'].includes(properties.provisioningState),
    { everyMs: 100, quietMsMax: 60_000, what: 'the model to be checked', signal },
  );
  const { provisioningState, swaggerLocation } = made.properties;
  if (provisioningState !== 'Succeeded' || swaggerLocation === undefined) {
    throw new CliError(
      `The web service is ${provisioningState}: ${made.error?.message ?? 'no reason is given'}`,
    );
  }
  const keysPath = `${servicePath}/listKeys?${serviceVersion}`;
  const keys = await api.ask({ method: 'GET', path: keysPath, key }, keysShape);
  const servicePlace = new URL(swaggerLocation).pathname.replace(/\/swagger\.json$/, '');
  return { key: keys.primary, swaggerUrl: swaggerLocation, path: servicePlace };
}

async function uploadModel(api: Api, key: string, signal: AbortSignal): Promise<BlobRef> {
  const file = readFileSync(join(projectRoot, 'shared/samples/adult-census/adult-lr.onnx'));
  const path = `/subscriptions/${demoSubscription}/uploads`;
  const place = await api.ask({ method: 'POST', path, key, body: { name: 'adult-lr.onnx' } }, uploadShape);
  const response = await fetch(place.UploadUrl, {
    method: 'PUT',
    headers: { 'x-ms-blob-type': 'BlockBlob' },
    body: file,
    signal: AbortSignal.any([signal, AbortSignal.timeout(30_000)]),
  });
  if (response.ok) return place.Input;
  throw new CliError(
    `The storage refused the model: ${response.status} ${(await response.text()).slice(0, 300)}`,
  );
}

export type UploadedCsv = { readonly input: BlobRef; readonly bytes: number; readonly lines: number };

/** Streams a file, or generated rows, to the place that the service gives for it. */
export async function uploadCsv(
  api: Api,
  service: DemoService,
  source: { readonly file?: string; readonly rows: number },
  watch: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<UploadedCsv> {
  const name = source.file === undefined ? 'census.csv' : basename(source.file);
  const place = await api.ask(
    { method: 'POST', path: `${service.path}/uploads`, key: service.key, body: { name } },
    uploadShape,
  );
  const chunks: AsyncIterable<Buffer | string> =
    source.file === undefined ? censusCsv({ rows: source.rows, seed: 1 }) : createReadStream(source.file);
  const count = { bytes: 0, lines: 0 };
  // Of a file the bytes are known, of generated rows their number.
  const total = source.file === undefined ? source.rows : statSync(source.file).size;
  const track = watch.progress.track('upload', total);
  const show = () => {
    const done = source.file === undefined ? count.lines : count.bytes;
    track.update(Math.min(total, done), 'uploading');
  };
  const counted = Readable.from(countOn(chunks, count, show), { objectMode: false });
  const blob = new BlockBlobClient(place.UploadUrl);
  await blob.uploadStream(counted, 4 * 1024 * 1024, 2, { abortSignal: watch.signal });
  track.update(total, 'uploaded');
  return { input: place.Input, ...count };
}

async function* countOn(
  chunks: AsyncIterable<Buffer | string>,
  count: { bytes: number; lines: number },
  onCount: () => void,
): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    const buffer = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    count.bytes += buffer.length;
    for (let at = buffer.indexOf(10); at !== -1; at = buffer.indexOf(10, at + 1)) count.lines++;
    onCount();
    yield buffer;
  }
}
