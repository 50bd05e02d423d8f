/** Opens an input by its format. */
import type { DataFormat } from '../core/data-format.ts';
import { openArff } from './arff-source.ts';
import { gunzipped } from './gzip.ts';
import { openJsonLines } from './jsonl-source.ts';
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
      return openArff(source, sourceName);
    case 'jsonl':
      return openJsonLines(source, sourceName);
  }
}
