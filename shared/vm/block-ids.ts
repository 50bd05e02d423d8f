/** Names of an attempt's blocks: all of one length, and none that another attempt or round could use. Pure. */
import { Buffer } from 'node:buffer';
import type { JobId } from '../core/ids.ts';

/** Most blocks that one blob can have. */
export const blocksMax = 50_000;

const mib = 1024 * 1024;

/**
 * Two attempts that stage under one id overwrite each other's bytes, so it holds job, attempt and round; and a blob
 * takes only ids of one length at a time, so each number has a fixed width.
 *
 * @returns base64 of 48 characters (64 bytes are the most that storage takes)
 */
export function blockId(jobId: JobId, attempt: number, round: number, index: number): string {
  const plain = `${jobId}${digits(attempt, 5)}${digits(round, 5)}${digits(index, 6)}`;
  return Buffer.from(plain, 'latin1').toString('base64');
}

/** Size of block `index`, but of the last: 4 MiB, doubled every 12,500 blocks, so that 50,000 of them hold 732 GiB. */
export function blockBytes(index: number): number {
  return 4 * mib * 2 ** Math.floor(index / 12_500);
}

function digits(value: number, width: number): string {
  const text = String(value);
  if (text.length > width) throw new Error(`a block id has no room for ${text}`);
  return text.padStart(width, '0');
}
