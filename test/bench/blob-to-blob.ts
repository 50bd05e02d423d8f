/**
 * The whole service on a file of more than 100 MB, from the blob to the blob: beside the engine alone on the same rows,
 * and beside the same storage traffic with nothing else around it.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { BlobSASPermissions } from '@azure/storage-blob';
import { projectRoot } from '../../shared/cli/places.ts';
import { defaultPatience } from '../../shared/vm/blob-patience.ts';
import { readBlob } from '../../shared/vm/input-blob.ts';
import { JobFault } from '../../shared/vm/job-fault.ts';
import { makeOutputBlob } from '../../shared/vm/output-blob.ts';
import {
  childrenOf,
  ended,
  jobBody,
  makePool,
  makeTenant,
  startInstance,
  startJob,
  type Instance,
  type Tenant,
} from '../blackbox/instance.ts';
import { census, writeCensus, type Census } from './census-file.ts';
import { cpuSeconds } from './cpu-time.ts';
import { child } from './engine.ts';
import type { Scored } from './engine-process.ts';
import { atLeast, median, type Measure } from './measures.ts';

/** A little more than 300 MB: what begins and ends a job weighs little. */
const rows = 3_000_000;
const inputName = 'large.csv';
const signal = new AbortController().signal;

/** Megabytes of input per second. */
type Round = {
  readonly service: number;
  readonly engine: number;
  readonly both: number;
  readonly download: number;
  readonly upload: number;
  /** As `both`, but sent by the storage's own SDK. */
  readonly sdk: number;
  /** Of the service's job, for 100 MB of input. */
  readonly cpuSeconds: Readonly<Record<Part, number>>;
};

type Part = 'emulator' | 'vm' | 'host';

/** Each look takes the emulator and the host some milliseconds of the two cores. */
const lookEveryMs = 100;

export async function benchBlobs({ rounds }: { rounds: number }): Promise<Measure[]> {
  const file = await census(rows);
  const instance = await startInstance();
  try {
    const tenant = await makeTenant(instance, 'be'.repeat(16));
    const bytes = Buffer.concat([file.header, file.rows]);
    await instance.data.getBlockBlobClient(inputName).uploadData(bytes, { blockSize: 8_388_608 });
    const poolId = await makePool(instance, tenant, 1);
    await warmUp(instance, tenant, poolId, file);
    const found: Round[] = [];
    for (let n = 0; n < rounds; n += 1) found.push(await oneRound(instance, tenant, poolId, file));
    return measuresOf(found);
  } finally {
    await instance.stop();
  }
}

/** The first job of a VM opens its model. */
async function warmUp(instance: Instance, tenant: Tenant, poolId: string, { header, rows }: Census) {
  const few = Buffer.concat([header, rows.subarray(0, rows.indexOf('\n') + 1)]);
  await instance.data.getBlockBlobClient('few.csv').uploadData(few);
  await scoreBlob(instance, tenant, poolId, 'few.csv', 'few-out.csv');
}

async function scoreBlob(
  instance: Instance,
  tenant: Tenant,
  poolId: string,
  input: string,
  outputName: string,
): Promise<void> {
  const path = await startJob(instance, tenant, jobBody(instance, poolId, input, outputName));
  const { StatusCode, Details } = await ended(instance, tenant, path, lookEveryMs);
  if (StatusCode !== 'Finished') throw new Error(`${StatusCode}: ${Details}`);
}

async function oneRound(instance: Instance, tenant: Tenant, poolId: string, file: Census): Promise<Round> {
  const inputBytes = file.header.length + file.rows.length;
  const perSecond = (ms: number): number => inputBytes / ms / 1_000;
  const outputName = `${randomUUID()}.csv`;
  const began = cpuOf(instance);
  const serviceMs = await timed(() => scoreBlob(instance, tenant, poolId, inputName, outputName));
  const cpu = cpuOf(instance);
  const used = (part: Part): number => ((cpu[part] - began[part]) * 1e8) / inputBytes;
  const output = instance.data.getBlobClient(outputName);
  const { contentLength = 0 } = await output.getProperties();
  await output.delete();
  const move = await makeMover(instance, inputBytes, contentLength);
  const bothMs = await timed(() => Promise.all([move.down(), move.up()]));
  const downMs = await timed(move.down);
  const upMs = await timed(move.up);
  const sdkMs = await timed(() => Promise.all([move.down(), move.upBySdk()]));
  const engine = await engineAlone(file);
  return {
    service: perSecond(serviceMs),
    engine: perSecond(1_000 * engine.seconds),
    both: perSecond(bothMs),
    download: perSecond(downMs),
    upload: contentLength / upMs / 1_000,
    sdk: perSecond(sdkMs),
    cpuSeconds: { emulator: used('emulator'), vm: used('vm'), host: used('host') },
  };
}

/** In seconds since they began. */
function cpuOf(instance: Instance): Record<Part, number> {
  const host = instance.host().pid;
  return {
    emulator: cpuSeconds(childrenOf(process.pid, 'azurite')),
    vm: cpuSeconds(childrenOf(host, 'vm/main')),
    host: cpuSeconds([host]),
  };
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await run();
  return performance.now() - beganMs;
}

/** The traffic of a job, made as a VM makes it. */
async function makeMover({ data }: Instance, inputBytes: number, outputBytes: number) {
  const sasOf = (name: string) =>
    data.getBlobClient(name).generateSasUrl({
      permissions: BlobSASPermissions.parse('rcw'),
      expiresOn: new Date(Date.now() + 3_600_000),
    });
  const patience = { ...defaultPatience, openHosts: ['127.0.0.1'] };
  const fault = () => new JobFault('InvalidBlob', 'the storage refused');
  const inputUrl = await sasOf(inputName);
  return {
    down: async () => {
      const blob = { url: inputUrl, bytes: inputBytes, patience, refused: fault, notReached: fault };
      let read = 0;
      for await (const chunk of readBlob(blob, signal)) read += chunk.length;
      if (read !== inputBytes) throw new Error('the blob is of another length');
    },
    up: async () => {
      const name = `${randomUUID()}.csv`;
      const handle = { url: await sasOf(name), name: `data/${name}`, readable: true };
      const jobId = randomUUID().replaceAll('-', '');
      const noted = { kind: 'absent' } as const;
      const blob = makeOutputBlob({ handle, jobId, attempt: 1, round: 0, noted, patience, signal });
      const chunk = Buffer.alloc(524_288, 'x');
      for (let left = outputBytes; left > 0; left -= chunk.length) await blob.write(chunk.subarray(0, left));
      await blob.stageRest();
      await blob.commit({ rows: 0 });
      await data.getBlobClient(name).delete();
    },
    upBySdk: async () => {
      const blob = data.getBlockBlobClient(`${randomUUID()}.csv`);
      const chunk = Buffer.alloc(524_288, 'x');
      const chunks = function* () {
        for (let left = outputBytes; left > 0; left -= chunk.length) yield chunk.subarray(0, left);
      };
      await blob.uploadStream(Readable.from(chunks(), { objectMode: false }), 4_194_304, 2);
      await blob.delete();
    },
  };
}

async function engineAlone(file: Census): Promise<Scored> {
  const folder = mkdtempSync(join(tmpdir(), 'millpond-bench-'));
  try {
    const input = join(folder, 'input.csv');
    await writeCensus(input, file, file.header.length + file.rows.length);
    const model = join(projectRoot, 'shared/samples/adult-census/adult-lr.onnx');
    return await child('engine-process.ts', [model, input, join(folder, 'output.csv'), '1']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measuresOf(rounds: readonly Round[]): Measure[] {
  const perSecond = (id: string, what: string, pick: (round: Round) => number): Measure => ({
    id,
    what,
    value: median(rounds.map(pick)),
    unit: 'MB/s',
  });
  const smaller = ({ engine, both }: Round): number => Math.min(engine, both);
  const percent = (pick: (round: Round) => number): number =>
    median(rounds.map((round) => 100 * pick(round)));
  const share = percent((round) => round.service / smaller(round));
  const cores = availableParallelism();
  const cpu = (id: Part, what: string): Measure => ({
    id: `blobs-cpu-${id}`,
    what: `  CPU time of ${what}, for 100 MB`,
    value: median(rounds.map((round) => round.cpuSeconds[id])),
    unit: 's',
  });
  const sdkShare = percent(({ service, engine, sdk }) => service / Math.min(engine, sdk));
  return [
    perSecond('blobs-service', 'whole service, blob to blob, one worker', ({ service }) => service),
    perSecond('blobs-engine', '  the engine alone, file to file', ({ engine }) => engine),
    perSecond('blobs-both', '  the storage alone: ranged download beside staged upload', ({ both }) => both),
    perSecond('blobs-download', '  ranged download alone', ({ download }) => download),
    perSecond('blobs-upload', '  staged upload alone (of the output)', ({ upload }) => upload),
    perSecond('blobs-sdk', '  the storage alone, with the upload by its own SDK', ({ sdk }) => sdk),
    {
      id: 'blobs-share',
      what: '  as a share of the smaller of engine and storage as a VM moves bytes',
      value: share,
      unit: '%',
      target: atLeast(share, 85, '%', 'timed', shareBasis),
    },
    {
      id: 'blobs-share-sdk',
      what: '  as a share of the smaller of engine and storage by its own SDK',
      value: sdkShare,
      unit: '%',
      target: atLeast(sdkShare, 85, '%', 'timed', sdkShareBasis),
    },
    ...(process.platform === 'linux'
      ? [
          cpu('emulator', 'the emulator'),
          cpu('vm', 'the VM'),
          cpu('host', 'the host'),
          {
            id: 'blobs-share-max',
            what: `  the share that these allow on ${cores} cores that never wait`,
            value: percent((round) => (100 * cores) / cpuSum(round) / smaller(round)),
            unit: '%' as const,
          },
        ]
      : []),
  ];
}

function cpuSum({ cpuSeconds: { emulator, vm, host } }: Round): number {
  return emulator + vm + host;
}

const shareBasis =
  'Asked for: 85 %, where Azurite takes 33 to 47 MiB/s. It takes three times that since blocks come with their MD5 (it makes a CRC in JavaScript otherwise), so that the engine is the smaller of the two: 52 to 56 %, 76 to 81 MB/s beside 138 to 143 and 149. Measured on 2 quiet cores, 300 MB. Emulator, engine and the VM that moves the bytes take 2.0 s of CPU for each 100 MB: 60 to 63 % is what 2 cores that never wait would allow. Deeper queues, blocks of 8 MiB and three of them at a time change nothing.';
const sdkShareBasis =
  'Asked for: 85 %. Measured on 2 quiet cores, 300 MB: 117 to 133 % of the 60 to 63 MB/s that an ordinary client gets of the storage alone.';
