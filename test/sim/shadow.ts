/**
 * The rows as they truly are, decoded, kept beside the tables for the checks: each commit is seen as what it changed.
 */
import { kindAt, tables } from '../../shared/storage/row-places.ts';
import type { Op } from '../../shared/storage/table.ts';
import type { Kind, Rows } from '../../shared/app/ports.ts';
import type { RowCodec } from './row-codec.ts';

export type ChangeOf<K extends Kind> = {
  readonly kind: K;
  readonly before: Rows[K] | undefined;
  readonly after: Rows[K] | undefined;
};
export type Change = { [K in Kind]: ChangeOf<K> }[Kind];

/** One commit that was carried out. */
export type Committed = {
  readonly atMs: number;
  /** Whose it is: an instance's name. */
  readonly by: string;
  readonly table: string;
  readonly pk: string;
  readonly changes: readonly Change[];
};

/** Where rows lie that the checks ask for one by one. */
const tableOf = {
  job: tables.pools,
  vm: tables.pools,
  pool: tables.pools,
  wait: tables.pools,
  slot: tables.pools,
  spec: tables.pools,
  account: tables.accounts,
  service: tables.accounts,
} as const;

export class Shadow {
  private readonly rowOf: RowCodec['rowOf'];
  private readonly tables = new Map<string, Map<string, Map<string, unknown>>>();

  constructor({ rowOf }: Pick<RowCodec, 'rowOf'>) {
    this.rowOf = rowOf;
  }

  apply(atMs: number, by: string, table: string, pk: string, ops: readonly Op[]): Committed {
    let partitions = this.tables.get(table);
    if (partitions === undefined) this.tables.set(table, (partitions = new Map()));
    let rows = partitions.get(pk);
    if (rows === undefined) partitions.set(pk, (rows = new Map()));
    const changes: Change[] = [];
    for (const op of ops) {
      const kind = kindAt(table, op.rk);
      if (kind === undefined) throw new Error(`a row of no known kind: ${op.rk}`);
      const before = rows.get(op.rk);
      const after = op.do === 'remove' ? undefined : this.rowOf(op.properties);
      if (after === undefined) rows.delete(op.rk);
      else rows.set(op.rk, after);
      changes.push({ kind, before, after } as unknown as Change);
    }
    if (rows.size === 0) partitions.delete(pk);
    return { atMs, by, table, pk, changes };
  }

  get<K extends keyof typeof tableOf>(kind: K, pk: string, rk: string): Rows[K] | undefined {
    return this.tables.get(tableOf[kind])?.get(pk)?.get(rk) as Rows[K] | undefined;
  }

  /** Rows of a partition by their keys, in no order. */
  rows(table: string, pk: string): ReadonlyMap<string, unknown> {
    return this.tables.get(table)?.get(pk) ?? none;
  }

  partitions(table: string): string[] {
    return [...(this.tables.get(table)?.keys() ?? [])];
  }
}

const none: ReadonlyMap<string, unknown> = new Map();
