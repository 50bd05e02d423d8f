/** What makes an output of the engine's CSV, by the output's format. */
import type { DataFormat } from '../core/data-format.ts';
import type { ModelInfo } from '../scoring/model-info.ts';
import { columnTypes } from './column-types.ts';
import { gzipTarget } from './gzip.ts';
import { parquetSink } from './parquet-sink.ts';
import { arff, delimited, jsonLines } from './row-formats.ts';
import { rowSink } from './row-sink.ts';
import type { ByteTarget } from './table-sink.ts';
import type { TableSource } from './table-source.ts';

/** @param source what is scored: its delimiter is the engine's output's too */
export function makeSink(
  target: ByteTarget,
  format: DataFormat,
  source: Pick<TableSource, 'delimiter' | 'types'>,
  info: Pick<ModelInfo, 'inputs' | 'columns'>,
): ByteTarget {
  const { delimiter = ',', types } = source;
  const typesOf = (names: readonly string[]) => columnTypes(names, types, info);
  // What must be said before the first row: not by how far the source happens to have come until then.
  const firstTypes = [...types];
  const firstTypesOf = (names: readonly string[]) => columnTypes(names, firstTypes, info);
  const packed = format.packing === 'gzip' ? gzipTarget(target) : target;
  switch (format.kind) {
    case 'csv':
      return delimiter === ',' ? packed : rowSink(packed, delimiter, delimited(','));
    case 'tsv':
      return delimiter === '\t' ? packed : rowSink(packed, delimiter, delimited('\t'));
    case 'arff':
      return rowSink(packed, delimiter, arff(firstTypesOf));
    case 'jsonl':
      return rowSink(packed, delimiter, jsonLines(typesOf));
    case 'parquet':
      return parquetSink(packed, delimiter, firstTypesOf);
  }
}
