/** Opens an input by its format. */
import type { DataFormat } from '../core/data-format.ts';
import { openArff } from './arff-source.ts';
import { gunzipped } from './gzip.ts';
import { openJsonLines } from './jsonl-source.ts';
import { linesOf, type Line } from './lines.ts';
import { openParquet, type RandomAccess } from './parquet-source.ts';
import type { TableSource } from './table-source.ts';

/** A file that can be read in one go or, where the format wants it, by ranges. */
export type TableFile = RandomAccess & { readonly stream: () => AsyncIterable<Uint8Array> };

/** @throws ScoringError, here or while it is read; whatever `file` throws */
export async function openTable(
  file: TableFile,
  format: DataFormat,
  sourceName: string,
): Promise<TableSource> {
  if (format.kind === 'parquet') return openParquet(file, sourceName);
  const source = format.packing === 'gzip' ? gunzipped(file.stream(), sourceName) : file.stream();
  switch (format.kind) {
    case 'csv':
      return { source, delimiter: ',', types: [] };
    case 'tsv':
      return { source, delimiter: '\t', types: [] };
    case 'arff':
      return openLines(openArff, source, sourceName);
    case 'jsonl':
      return openLines(openJsonLines, source, sourceName);
  }
}

/** Lets go of the source where its rows are no longer wanted, or its head is refused: it may hold a connection. */
async function openLines(
  open: (lines: AsyncGenerator<Line[], void>, sourceName: string) => Promise<TableSource>,
  source: AsyncIterable<Uint8Array>,
  sourceName: string,
): Promise<TableSource> {
  const lines = linesOf(source, sourceName);
  async function* closing(rows: TableSource['source']): AsyncGenerator<Uint8Array, void> {
    try {
      yield* rows;
    } finally {
      await lines.return();
    }
  }
  try {
    const table = await open(lines, sourceName);
    return { ...table, source: closing(table.source) };
  } catch (error) {
    await lines.return();
    throw error;
  }
}
