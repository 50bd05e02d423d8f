/** The storage calls of a use case, in waves: calls that are under way together count as one round trip. */
import type { MemoryBlobs } from '../../shared/storage/memory-blobs.ts';
import type { Entity } from '../../shared/storage/table.ts';
import type { MemoryTable, TwinCall } from '../../shared/storage/memory-table.ts';

export type TracedCall = TwinCall | { readonly op: 'look' | 'lookForContainer'; readonly url: string };
export type Trace = {
  /** One after the other; what is within one is asked for at the same time. */
  readonly waves: readonly (readonly TracedCall[])[];
  /** What the tables held before, by table. */
  readonly before: ReadonlyMap<string, readonly Entity[]>;
};

/** Runs it on the twins, holding each call until nothing else asks, and gives what it asked of them. */
export async function traceOf(
  { table, blobs }: { table: MemoryTable; blobs: MemoryBlobs },
  tables: readonly string[],
  run: () => Promise<unknown>,
): Promise<Trace> {
  const before = new Map(tables.map((name) => [name, table.all(name)]));
  const waves: TracedCall[][] = [];
  let wave: TracedCall[] | undefined;
  const note = async (call: TracedCall): Promise<undefined> => {
    if (wave === undefined) waves.push((wave = []));
    wave.push(call);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    wave = undefined;
    return undefined;
  };
  table.onCall = note;
  blobs.onCall = (op, url) => (op === 'look' || op === 'lookForContainer' ? note({ op, url }) : undefined);
  try {
    await run();
  } finally {
    table.onCall = undefined;
    blobs.onCall = undefined;
  }
  return { waves, before };
}
