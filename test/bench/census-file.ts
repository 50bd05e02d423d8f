/** Census files of any size for the benches: 0.1 GB from the generator, and for larger ones its rows again and again. */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { censusCsv } from '../../shared/samples/adult-census/census-csv.ts';

/** Rows that take about 0.1 GB. */
export const censusRows = 940_000;

export type Census = { readonly header: Buffer; readonly rows: Buffer };

/** Some fields are quoted, as in files that programs write; the same text every time. */
export async function census(rows: number): Promise<Census> {
  const chunks: Buffer[] = [];
  for await (const chunk of censusCsv({ rows, seed: 7 })) chunks.push(Buffer.from(chunk));
  const text = Buffer.concat(chunks);
  const begin = text.indexOf('\n') + 1;
  return { header: text.subarray(0, begin), rows: text.subarray(begin) };
}

/** The rows over and over, up to a last whole one before `bytes`. */
export function* repeated({ header, rows }: Census, bytes: number): Generator<Buffer> {
  yield header;
  let left = bytes - header.length;
  for (; left >= rows.length; left -= rows.length) yield rows;
  if (left > 0) yield rows.subarray(0, rows.lastIndexOf('\n', left - 1) + 1);
}

/** Length of what `repeated` gives. */
export function repeatedBytes(file: Census, bytes: number): number {
  let sum = 0;
  for (const part of repeated(file, bytes)) sum += part.length;
  return sum;
}

export async function writeCensus(path: string, file: Census, bytes: number): Promise<void> {
  await pipeline(Readable.from(repeated(file, bytes)), createWriteStream(path));
}
