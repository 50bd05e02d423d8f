/** Tables through an engine as a VM takes them, for the tests of formats. The model gives its number `age` back. */
import { afterAll, expect } from 'vitest';
import { dataFormatOf, type DataFormat } from '../../shared/core/data-format.ts';
import { makeSink } from '../../shared/formats/make-sink.ts';
import { openTable } from '../../shared/formats/open-table.ts';
import { openEngine } from '../../shared/scoring/engine.ts';
import type { ScoreJob } from '../../shared/scoring/score-job.ts';
import { echoModel } from '../scoring/onnx-fixtures.ts';

export const engine = await openEngine({ modelBytes: echoModel('age', 'float64') });
afterAll(() => engine.close());

/** As a VM reads them: each is its reader's to keep. */
async function* chunks(bytes: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.slice(at, at + chunkBytes);
}

export const formatOf = (name: string): DataFormat => {
  const format = dataFormatOf(name);
  if (format === undefined) throw new Error(name);
  return format;
};

type Options = Partial<Pick<ScoreJob, 'rowErrors'>> & { readonly chunkBytes?: number };

/** Scores `file` as a VM would. */
export async function convert(file: Uint8Array | string, from: string, to: string, options: Options = {}) {
  const { chunkBytes = 7, rowErrors = { kind: 'fail' } } = options;
  const bytes = typeof file === 'string' ? Buffer.from(file) : file;
  const table = await openTable(
    {
      bytes: bytes.length,
      stream: () => chunks(bytes, chunkBytes),
      read: async (start, end) => {
        if (start < 0 || start >= end || end > bytes.length) throw new Error('the storage has no such range');
        return new Uint8Array(bytes.slice(start, end)).buffer;
      },
    },
    formatOf(from),
    from,
  );
  const parts: Uint8Array[] = [];
  const errors: Uint8Array[] = [];
  let ends = 0;
  const target = {
    write: async (chunk: Uint8Array) => void parts.push(Buffer.from(chunk)),
    end: async () => void ends++,
  };
  const sink = makeSink(target, formatOf(to), table, engine.info);
  await engine.score({
    ...table,
    sourceName: from,
    rowErrors,
    write: sink.write,
    writeErrors: async (chunk) => void errors.push(chunk),
  });
  await sink.end();
  expect(ends).toBe(1);
  return { bytes: Buffer.concat(parts), errors: Buffer.concat(errors).toString() };
}
export const textOf = async (...args: Parameters<typeof convert>) =>
  (await convert(...args)).bytes.toString();
