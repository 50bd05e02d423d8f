/** The model of the last job, kept open: jobs of one service follow each other without loading it again. */
import { createHash } from 'node:crypto';
import type { Assignment } from '../core/vm-protocol.ts';
import type { Engine, EngineOptions } from '../scoring/engine.ts';
import type { Patience } from './blob-patience.ts';
import { readBlob } from './input-blob.ts';
import { JobFault } from './job-fault.ts';

export type ModelCache = {
  /** @throws JobFault, ScoringError; the signal's reason when it has fired */
  open(model: Assignment['model'], signal: AbortSignal): Promise<Engine>;
  /** The open model is in doubt: the next job opens it anew. */
  discard(): Promise<void>;
  /** Waits for what it does, then ends its threads. */
  close(): Promise<void>;
};

export type ModelCacheOptions = {
  readonly openEngine: (options: EngineOptions) => Promise<Engine>;
  /** Scoring threads, 1 to 64. */
  readonly workers: number;
  readonly patience: Patience;
};

export function makeModelCache(options: ModelCacheOptions): ModelCache {
  let warm: { readonly sha256: string; readonly engine: Engine } | undefined;
  let opening: Promise<unknown> = Promise.resolve();
  const discard = async () => {
    const engine = warm?.engine;
    warm = undefined;
    await engine?.close();
  };
  return {
    open: async (model, signal) => {
      if (warm?.sha256 === model.sha256) return warm.engine;
      // One at a time: two large models may not fit.
      await discard();
      const modelBytes = await fetchModel(model, options.patience, signal);
      const opened = options.openEngine({ modelBytes, workers: options.workers });
      opening = opened.catch(() => undefined);
      const engine = await opened;
      warm = { sha256: model.sha256, engine };
      return engine;
    },
    discard,
    close: async () => {
      // A process that exits while a thread opens a model waits for that thread, without any deadline of its own.
      await opening;
      await discard();
    },
  };
}

async function fetchModel(model: Assignment['model'], patience: Patience, signal: AbortSignal) {
  const source = {
    url: model.url,
    bytes: model.bytes,
    patience,
    refused: (refusal: { readonly status: number; readonly code: string }) =>
      fault(`could not be read: the storage answered ${refusal.status} ${refusal.code}`.trimEnd()),
    notReached: (why: string) => fault(`could not be reached: ${why}`),
  };
  const bytes = new Uint8Array(model.bytes);
  let offset = 0;
  for await (const chunk of readBlob(source, signal)) {
    if (offset + chunk.length > bytes.length) throw fault('is not the file that the service was made with');
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  if (createHash('sha256').update(bytes).digest('hex') !== model.sha256) {
    throw fault('is not the file that the service was made with');
  }
  return bytes;
}

function fault(what: string): JobFault {
  return new JobFault('ModuleExecutionError', `The model of the web service ${what}.`);
}
