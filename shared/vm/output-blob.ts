/**
 * A result on its way to its blob: staged in blocks that nobody sees, then committed whole on the condition that
 * what was noted when the attempt began still stands there.
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { JobId } from '../core/ids.ts';
import { contentTypeOf, dataFormatOf, plainCsv } from '../core/data-format.ts';
import type { OutputHandle, Tally } from '../core/vm-protocol.ts';
import { askBlob, type Patience } from './blob-patience.ts';
import { blockBytes, blockId, blocksMax } from './block-ids.ts';
import { named, notReached, outputRefused } from './blob-refusal.ts';
import { JobFault } from './job-fault.ts';
import { mark, type OutputLook } from './output-look.ts';
import { findingsText } from './tally.ts';

export type OutputBlobOptions = {
  readonly handle: OutputHandle;
  readonly jobId: JobId;
  readonly attempt: number;
  /** Raised when the same attempt stages again. */
  readonly round: number;
  readonly noted: Exclude<OutputLook, { kind: 'ours' }>;
  readonly patience: Patience;
  readonly signal: AbortSignal;
};

export type OutputBlob = {
  /** Takes the next bytes (copied); resolves when there is room for more. @throws JobFault */
  write(chunk: Uint8Array): Promise<void>;
  /** Nothing more will be written: resolves when the storage has every block. @throws JobFault */
  stageRest(): Promise<void>;
  /**
   * After `stageRest`. `conflict`: someone else wrote there, or the blocks were discarded; nothing was changed.
   * @throws JobFault
   */
  commit(tally: Tally): Promise<'committed' | 'conflict'>;
};

/** Blocks under way at a time, beside the one being filled. */
const stagingMax = 2;

export function makeOutputBlob(options: OutputBlobOptions): OutputBlob {
  const ids: string[] = [];
  const staging = new Set<Promise<void>>();
  /** Memory of blocks that the storage has. */
  const spares: Buffer[] = [];
  let block: Buffer = Buffer.alloc(0);
  let filledBytes = 0;
  /** Of the block so far, piece by piece: a whole block's at once would keep the scoring threads waiting. */
  let md5 = createHash('md5');
  let failure: { readonly error: unknown } | undefined;

  const makeRoom = (bytes: number) => {
    if (filledBytes + bytes <= block.length) return;
    const size = Math.min(blockBytes(ids.length), Math.max(2 * block.length, filledBytes + bytes));
    const spare = spares.pop();
    const grown = spare !== undefined && spare.length >= size ? spare : Buffer.allocUnsafeSlow(size);
    block.copy(grown, 0, 0, filledBytes);
    block = grown;
  };
  const stageFilled = () => {
    if (ids.length === blocksMax) {
      throw new JobFault(
        'OutOfMemoryLimit',
        `Output ${named(options.handle.name)} is larger than one blob can be.`,
      );
    }
    const id = blockId(options.jobId, options.attempt, options.round, ids.length);
    const full = block;
    const bytes = full.subarray(0, filledBytes);
    const staged = stage(options, { id, bytes, md5: md5.digest('base64') })
      .then(() => void spares.push(full))
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => staging.delete(staged));
    staging.add(staged);
    ids.push(id);
    block = Buffer.alloc(0);
    filledBytes = 0;
    md5 = createHash('md5');
  };
  const throwFailure = () => {
    if (failure !== undefined) throw failure.error;
  };
  return {
    write: async (chunk) => {
      throwFailure();
      for (let at = 0; at < chunk.length;) {
        const sizeMax = blockBytes(ids.length);
        const part = chunk.subarray(at, at + sizeMax - filledBytes);
        makeRoom(part.length);
        block.set(part, filledBytes);
        md5.update(part);
        filledBytes += part.length;
        at += part.length;
        if (filledBytes < sizeMax) continue;
        stageFilled();
        if (staging.size >= stagingMax) await Promise.race(staging);
        throwFailure();
      }
    },
    stageRest: async () => {
      if (filledBytes > 0) stageFilled();
      await Promise.all(staging);
      throwFailure();
    },
    commit: (tally) => commitBlocks(options, ids, tally),
  };
}

type Block = { readonly id: string; readonly bytes: Uint8Array; readonly md5: string };

async function stage(options: OutputBlobOptions, { id, bytes, md5 }: Block): Promise<void> {
  const { handle, patience, signal } = options;
  const call = {
    method: 'PUT',
    url: handle.url,
    query: { comp: 'block', blockid: id },
    // What is damaged on its way is refused; and without it Azurite makes a CRC in JavaScript, a multiple of the time.
    headers: { 'content-md5': md5 },
    body: bytes,
    callMs: patience.stageMs,
  } as const;
  const tried = await askBlob(call, patience, signal);
  if (tried.kind === 'refused') throw outputRefused(handle.name, tried);
  if (tried.kind === 'unheard') throw notReached('Output', handle.name, tried.why);
}

async function commitBlocks(
  options: OutputBlobOptions,
  ids: readonly string[],
  tally: Tally,
): Promise<'committed' | 'conflict'> {
  const findings = findingsText(tally);
  const { handle, patience, signal } = options;
  const list = ids.map((id) => `<Latest>${id}</Latest>`).join('');
  const call = {
    method: 'PUT',
    url: handle.url,
    query: { comp: 'blocklist' },
    headers: {
      ...conditionOf(options.noted),
      'x-ms-blob-content-type': contentTypeOf(dataFormatOf(handle.name) ?? plainCsv),
      [mark.job]: options.jobId,
      [mark.attempt]: String(options.attempt),
      [mark.rows]: String(tally.rows),
      ...(findings === undefined ? {} : { [mark.findings]: findings }),
    },
    body: Buffer.from(`<?xml version="1.0" encoding="utf-8"?><BlockList>${list}</BlockList>`),
    callMs: patience.stageMs,
  } as const;
  const tried = await askBlob(call, patience, signal);
  switch (tried.kind) {
    case 'done':
      return 'committed';
    case 'unheard':
      throw notReached('Output', handle.name, tried.why);
    case 'refused':
      if (conflicts.has(tried.code)) return 'conflict';
      throw outputRefused(handle.name, tried);
  }
}

/** By code, since a leased blob answers 412 and an append blob 409 too. A repeated commit meets its own first one here. */
const conflicts: ReadonlySet<string> = new Set([
  'BlobAlreadyExists',
  'BlobNotFound',
  'ConditionNotMet',
  'TargetConditionNotMet',
  'InvalidBlockList',
]);

function conditionOf(noted: OutputBlobOptions['noted']): Record<string, string> {
  switch (noted.kind) {
    case 'absent':
      return { 'if-none-match': '*' };
    case 'present':
      return { 'if-match': noted.etag };
    case 'unseen':
      return {};
  }
}
