/** Runs assignments in this process, with a real engine and a real Azurite behind the proxy. */
import type { Assignment, Done, Outcome } from '../../shared/core/vm-protocol.ts';
import { openEngine } from '../../shared/scoring/engine.ts';
import type { Patience } from '../../shared/vm/blob-patience.ts';
import { makeModelCache } from '../../shared/vm/model-cache.ts';
import { runAssignment } from '../../shared/vm/run-assignment.ts';
import { startAzurite } from '../fixtures/azurite.ts';
import { rowSum } from '../scoring/onnx-fixtures.ts';
import { assignmentOf, makeBlobPlace, randomId, type BlobPlace } from './blob-place.ts';
import { startBlobProxy, type BlobProxy } from './blob-proxy.ts';

/** Longer than any busy machine needs. */
const longPatience: Patience = {
  callMs: 10_000,
  stageMs: 20_000,
  silenceMs: 20_000,
  giveUpMs: 20_000,
};

export type JobBench = {
  readonly place: BlobPlace;
  readonly proxy: BlobProxy;
  /** A job over `input` whose blobs are reached through the proxy; `outputName` is its output's name. */
  job(options?: {
    input?: string | Uint8Array;
    inputName?: string;
    outputName?: string;
    permissions?: string;
    endsMs?: number;
  }): Promise<{ assignment: Assignment; inputName: string; outputName: string }>;
  run(
    assignment: Assignment,
    options?: {
      signal?: AbortSignal;
      stillOurs?: () => Promise<void>;
      patience?: Patience;
      onProgress?: (done: Done) => void;
    },
  ): Promise<Outcome>;
  close(): Promise<void>;
};

export async function startJobBench(): Promise<JobBench> {
  const azurite = await startAzurite();
  const place = await makeBlobPlace(azurite.connectionString);
  const proxy = await startBlobProxy();
  const model = await place.model(rowSum(2, ['a', 'b']));
  // Warm ones that no run has now: two attempts at a time are two VMs, with an engine each.
  const idle: ReturnType<typeof makeModelCache>[] = [];
  return {
    place,
    proxy,
    job: async (options = {}) => {
      const id = randomId();
      const { inputName = `${id}.csv`, outputName = `${id}-out.csv` } = options;
      const input = await place.input(inputName, options.input ?? 'a,b\n1,2\n3,4\n');
      const output = await place.output(outputName, options.permissions, options.endsMs);
      const errors = await place.output(`${outputName}.errors.csv`);
      const assignment = await assignmentOf({
        model,
        errors: { ...errors, url: proxy.through(errors.url) },
        input: { ...input, url: proxy.through(input.url) },
        output: { ...output, url: proxy.through(output.url) },
      });
      return { assignment, inputName, outputName };
    },
    run: async (assignment, options = {}) => {
      // Test servers are on this machine.
      const patience = { openHosts: ['127.0.0.1'], ...(options.patience ?? longPatience) };
      const models = idle.pop() ?? makeModelCache({ openEngine, workers: 1, patience });
      const { signal = new AbortController().signal, stillOurs = async () => undefined } = options;
      const { onProgress = () => undefined } = options;
      const rounds = { firstMs: 1, maxMs: 4 };
      return runAssignment({ models, patience, rounds }, assignment, {
        signal,
        onProgress,
        stillOurs,
      }).finally(() => idle.push(models));
    },
    close: async () => {
      await Promise.all(idle.map((cache) => cache.close()));
      await proxy.close();
      await azurite.stop();
    },
  };
}

/** What `rowSum(2)` makes of `a,b` rows: a + 10 b. */
export function scored(rows: readonly (readonly [number, number])[]): string {
  return `a,b,Scored Labels\n${rows.map(([a, b]) => `${a},${b},${a + 10 * b}\n`).join('')}`;
}
