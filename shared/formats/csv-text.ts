/** Cells as a record of CSV. */
import { comma } from '../scoring/csv-bytes.ts';
import { quoteField } from '../scoring/quote-field.ts';

/** A chunk ends with the record that makes it so long. */
const chunkChars = 256 * 1024;

/** With its line end. A lone empty cell is quoted: otherwise its row would be a blank line. */
export function csvRecord(cells: readonly string[], delimiter = comma): string {
  if (cells.length === 1 && cells[0] === '') return '""\n';
  return `${cells.map((cell) => quoteField(cell, delimiter)).join(String.fromCharCode(delimiter))}\n`;
}

/** `count` records in chunks: how many there are in one follows from their length. */
export function* csvChunks(count: number, recordOf: (index: number) => string): Generator<Uint8Array, void> {
  let text = '';
  for (let index = 0; index < count; index++) {
    text += recordOf(index);
    if (text.length < chunkChars) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text !== '') yield Buffer.from(text);
}
