/** Formats of the tables that jobs read and write, by their file's extension. Pure. */

export const tableKinds = ['csv', 'tsv', 'arff', 'jsonl', 'parquet'] as const;
export type TableKind = (typeof tableKinds)[number];

export type DataFormat = { readonly kind: TableKind; readonly packing: 'none' | 'gzip' };

/** What jobs are mostly about. */
export const plainCsv: DataFormat = { kind: 'csv', packing: 'none' };

const packed = '.gz';

/** All that there are; Parquet packs by itself. */
export const dataExtensions: readonly string[] = [
  ...tableKinds.map((kind) => `.${kind}`),
  ...tableKinds.filter((kind) => kind !== 'parquet').map((kind) => `.${kind}${packed}`),
];

/** @param name of a blob or a file; undefined when its extension is none of `dataExtensions` */
export function dataFormatOf(name: string): DataFormat | undefined {
  const lower = name.slice(name.lastIndexOf('/') + 1).toLowerCase();
  const extension = dataExtensions.find((one) => lower.endsWith(one));
  const kind = tableKinds.find((one) => extension?.startsWith(`.${one}`));
  if (extension === undefined || kind === undefined) return undefined;
  return { kind, packing: extension.endsWith(packed) ? 'gzip' : 'none' };
}

const contentTypes: Readonly<Record<TableKind, string>> = {
  csv: 'text/csv; charset=utf-8',
  tsv: 'text/tab-separated-values; charset=utf-8',
  arff: 'text/plain; charset=utf-8',
  jsonl: 'application/x-ndjson',
  parquet: 'application/vnd.apache.parquet',
};

/** Without a content encoding: what is packed is downloaded packed. */
export function contentTypeOf({ kind, packing }: DataFormat): string {
  return packing === 'gzip' ? 'application/gzip' : contentTypes[kind];
}
