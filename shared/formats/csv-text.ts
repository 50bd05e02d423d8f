/** Cells as a record of CSV. */
import { comma } from '../scoring/csv-bytes.ts';
import { quoteField } from '../scoring/quote-field.ts';

/** With its line end. A lone empty cell is quoted: otherwise its row would be a blank line. */
export function csvRecord(cells: readonly string[], delimiter = comma): string {
  if (cells.length === 1 && cells[0] === '') return '""\n';
  return `${cells.map((cell) => quoteField(cell, delimiter)).join(String.fromCharCode(delimiter))}\n`;
}
