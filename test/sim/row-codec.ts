/**
 * Rows as they are written and read here: now and then through the real codec, the whole way to what a table holds and
 * back; otherwise readers get what the writer gave, since both are the same.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Keys, Kind, Rows, Stored } from '../../shared/app/ports.ts';
import { decode, encode, schemaVersion } from '../../shared/storage/codec.ts';
import { placeOf } from '../../shared/storage/row-places.ts';
import type { Codec } from '../../shared/storage/table-store.ts';
import type { Entity, Properties } from '../../shared/storage/table.ts';

type Written = { readonly kind: Kind; readonly row: Rows[Kind] };
/** Kept on the objects themselves: a map of a million versions is slower to ask than a row to decode. */
type Content = Properties & { [written]?: Written };
type Read = Entity & { stored?: Stored };
const written = Symbol('written');

/** One of so many versions is encoded; and what it is decoded to must be what was written. */
const encodedEvery = 64;

export type RowCodec = Codec & {
  /** The row that was made into this content. */
  readonly rowOf: (content: Properties) => Rows[Kind];
};

/** @param onDifference a row has members that JSON has no word for */
export function makeRowCodec(onDifference: (text: string) => void): RowCodec {
  let versions = 0;
  const writtenAs = (content: Content): Written => {
    const known = content[written];
    if (known === undefined) throw new Error('This content was written by somebody else.');
    return known;
  };
  return {
    encode(kind, row, op) {
      versions += 1;
      if (versions % encodedEvery !== 0) {
        const place = placeOf(kind, row as Keys[typeof kind]);
        return { place, properties: { v: schemaVersion, op, [written]: { kind, row } } };
      }
      const { place, properties } = encode(kind, row, op);
      const read = decode(place.table, { ...place, etag: '', properties }).row;
      if (!isDeepStrictEqual(read, row)) onDifference(`${kind} ${place.rk} is not read as it was written`);
      return { place, properties: { ...properties, [written]: { kind, row: read } } };
    },
    decode(_table, entity: Read) {
      return (entity.stored ??= { ...writtenAs(entity.properties), etag: entity.etag } as Stored);
    },
    rowOf: (content) => writtenAs(content).row,
  };
}
