/** Turns the engine's CSV into rows of another format on their way to a target. */
import { comma, tab } from '../scoring/csv-bytes.ts';
import { createRowReader } from './row-reader.ts';
import type { ByteTarget } from './table-sink.ts';

/** What a format makes of rows. `head` is given the columns' names. */
export type RowFormat = {
  readonly encoding: 'utf8' | 'latin1';
  readonly head: (names: readonly string[]) => string;
  readonly rows: (rows: readonly (readonly string[])[]) => string;
};

/** @param delimiter of what is written to it */
export function rowSink(target: ByteTarget, delimiter: ',' | '\t', format: RowFormat): ByteTarget {
  const reader = createRowReader(delimiter === '\t' ? tab : comma, format.encoding);
  let hasHead = false;
  const pass = async (rows: readonly string[][]): Promise<void> => {
    if (rows.length === 0) return;
    let text = '';
    let body = rows;
    if (!hasHead) {
      hasHead = true;
      text = format.head(rows[0] ?? []);
      body = rows.slice(1);
    }
    await target.write(Buffer.from(text + format.rows(body), format.encoding));
  };
  return {
    write: (chunk) => pass(reader.push(chunk)),
    end: async () => {
      await pass(reader.end());
      await target.end();
    },
  };
}
