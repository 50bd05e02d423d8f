/** Each version of a row is decoded by the real codec, once: everybody here reads the same entities of the twin. */
import type { Stored } from '../../shared/app/ports.ts';
import { decode } from '../../shared/storage/codec.ts';
import type { Entity } from '../../shared/storage/table.ts';

/** Kept on the entity itself: a map of a million versions is slower to ask than a row to decode. */
type Decoded = Entity & { stored?: Stored };

export function decodeOnce(table: string, entity: Decoded): Stored {
  return (entity.stored ??= decode(table, entity));
}
