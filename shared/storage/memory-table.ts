/** The in-memory twin of Azure Table storage: the same rules of versions and transactions, counted, with faults on request. */
import { SortedMap } from './sorted-map.ts';
import { refusedKey, refusedTransaction } from './table-rules.ts';
import {
  TableFault,
  type Entity,
  type EntityPage,
  type Op,
  type Outcome,
  type Query,
  type Table,
} from './table.ts';

/** What is about to happen. */
export type TwinCall =
  | { readonly op: 'get'; readonly table: string; readonly pk: string; readonly rk: string }
  | { readonly op: 'query'; readonly table: string; readonly query: Query }
  | { readonly op: 'transact'; readonly table: string; readonly pk: string; readonly ops: readonly Op[] };

export type Disturbance =
  /** It fails and nothing is done. `maybeDone`: what the caller is told; by default true but for `busy` and `refused`. */
  | { readonly kind: 'before'; readonly code: TableFault['code']; readonly maybeDone?: boolean }
  /** It is done and the reply is lost. */
  | { readonly kind: 'after'; readonly code: TableFault['code'] }
  /** The caller gives up now; the request arrives and is carried out later. */
  | { readonly kind: 'late'; readonly until: Promise<void> }
  /** A page of at most so many rows (0: an empty one), with a continuation when there are more. */
  | { readonly kind: 'short'; readonly rows: number };

export type TwinCounts = {
  gets: number;
  queries: number;
  /** Rows that gets and queries touched. */
  rowsRead: number;
  /** Transactions that were carried out, of one row or more. */
  transactions: number;
  rowsWritten: number;
  /** Transactions that did not fit. */
  conflicts: number;
};

type Partition = SortedMap<Entity>;

const pageMax = 1_000;

export class MemoryTable implements Table {
  readonly counts: TwinCounts = noCounts();
  /** Asked before each call; may wait (a slow network) and may answer with a disturbance. */
  onCall: ((call: TwinCall) => Disturbance | undefined | Promise<Disturbance | undefined>) | undefined;
  private readonly tables = new Map<string, Map<string, Partition>>();
  private version = 0;

  async get(table: string, pk: string, rk: string): Promise<Entity | undefined> {
    const disturbance = await this.onCall?.({ op: 'get', table, pk, rk });
    if (disturbance !== undefined && disturbance.kind !== 'short') throw faultOf(disturbance);
    return this.getNow(table, pk, rk);
  }

  /** What a get finds at this very moment, undisturbed. */
  getNow(table: string, pk: string, rk: string): Entity | undefined {
    const entity = this.tables.get(table)?.get(pk)?.get(rk);
    // What lies there has a key that is taken.
    const bad = entity === undefined ? (refusedKey(pk) ?? refusedKey(rk)) : undefined;
    if (bad !== undefined) throw refusal(bad);
    this.counts.gets++;
    if (entity !== undefined) this.counts.rowsRead++;
    return entity;
  }

  async query(table: string, query: Query): Promise<EntityPage> {
    const disturbance = await this.onCall?.({ op: 'query', table, query });
    if (disturbance !== undefined && disturbance.kind !== 'short') throw faultOf(disturbance);
    return this.queryNow(table, query, disturbance?.rows);
  }

  /** What a query finds at this very moment, undisturbed. `rowsMax`: of a page that is cut short. */
  queryNow(table: string, query: Query, rowsMax?: number): EntityPage {
    if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > pageMax) {
      throw refusal(`a page of ${query.limit} rows`);
    }
    this.counts.queries++;
    const max = Math.min(query.limit, rowsMax ?? query.limit);
    const found = this.find(table, query, max + 1);
    this.counts.rowsRead += Math.min(found.length, max);
    const next = found[max];
    const entities = next === undefined ? found : found.slice(0, max);
    return next === undefined ? { entities } : { entities, continuation: `${next.pk}\n${next.rk}` };
  }

  async transact(table: string, pk: string, ops: readonly Op[]): Promise<Outcome> {
    const disturbance = await this.onCall?.({ op: 'transact', table, pk, ops });
    if (disturbance?.kind === 'before') throw faultOf(disturbance);
    if (disturbance?.kind === 'late') {
      const bad = refusedTransaction(table, pk, ops);
      if (bad !== undefined) throw refusal(bad);
      void disturbance.until.then(() => this.apply(table, pk, ops));
      throw faultOf(disturbance);
    }
    const outcome = this.transactNow(table, pk, ops);
    if (disturbance?.kind === 'after') throw faultOf(disturbance);
    return outcome;
  }

  /** Carries a transaction out at this very moment, undisturbed. */
  transactNow(table: string, pk: string, ops: readonly Op[]): Outcome {
    const bad = refusedTransaction(table, pk, ops);
    if (bad !== undefined) throw refusal(bad);
    return this.apply(table, pk, ops);
  }

  /** Every entity of a table, in key order, uncounted: for tests that look for something. */
  all(table: string): Entity[] {
    return this.find(table, { from: '', to: '\uffff', limit: pageMax }, Number.POSITIVE_INFINITY);
  }

  resetCounts(): void {
    Object.assign(this.counts, noCounts());
  }

  private find(table: string, query: Query, max: number): Entity[] {
    const partitions = this.tables.get(table);
    if (partitions === undefined) return [];
    const [nextPk, nextRk] = query.continuation?.split('\n') ?? [];
    if (query.pk !== undefined) {
      const partition = partitions.get(query.pk);
      const from = query.after === undefined ? query.from : `${query.after}\u0000`;
      return partition === undefined ? [] : partition.slice(latest(from, nextRk ?? ''), query.to, max);
    }
    const found: Entity[] = [];
    for (const pk of [...partitions.keys()].sort()) {
      if (found.length === max) break;
      if ((query.after !== undefined && pk <= query.after) || (nextPk !== undefined && pk < nextPk)) continue;
      const from = pk === nextPk ? latest(query.from, nextRk ?? '') : query.from;
      found.push(...partitions.get(pk)!.slice(from, query.to, max - found.length));
    }
    return found;
  }

  private apply(table: string, pk: string, ops: readonly Op[]): Outcome {
    const partition = this.tables.get(table)?.get(pk);
    for (const [at, op] of ops.entries()) {
      const why = misfit(op, partition?.get(op.rk));
      if (why === undefined) continue;
      this.counts.conflicts++;
      return { kind: 'conflict', at, why };
    }
    const target = partition ?? this.addPartition(table, pk);
    const etags = ops.map((op) => this.write(target, pk, op));
    if (target.size === 0) this.tables.get(table)?.delete(pk);
    this.counts.transactions++;
    this.counts.rowsWritten += ops.length;
    return { kind: 'done', etags };
  }

  private write(partition: Partition, pk: string, op: Op): string {
    if (op.do === 'remove') {
      partition.delete(op.rk);
      return '';
    }
    const etag = `W/"datetime'${++this.version}'"`;
    partition.set(op.rk, { pk, rk: op.rk, etag, properties: op.properties });
    return etag;
  }

  private addPartition(table: string, pk: string): Partition {
    const partition: Partition = new SortedMap();
    const partitions = this.tables.get(table) ?? new Map<string, Partition>();
    partitions.set(pk, partition);
    this.tables.set(table, partitions);
    return partition;
  }
}

function misfit(op: Op, there: Entity | undefined): 'exists' | 'changed' | 'missing' | undefined {
  switch (op.do) {
    case 'create':
      return there === undefined ? undefined : 'exists';
    case 'remove':
      return there === undefined ? 'missing' : undefined;
    case 'replace':
      if (there === undefined) return 'missing';
      return there.etag === op.etag ? undefined : 'changed';
  }
}

function latest(...keys: string[]): string {
  return keys.reduce((a, b) => (a > b ? a : b));
}

function faultOf(disturbance: Exclude<Disturbance, { kind: 'short' }>): TableFault {
  switch (disturbance.kind) {
    case 'before': {
      const { code } = disturbance;
      const unclear = code === 'timeout' || code === 'unreachable';
      return new TableFault(code, disturbance.maybeDone ?? unclear, `injected before the call: ${code}`);
    }
    case 'after':
      return new TableFault(disturbance.code, true, `injected after the call: ${disturbance.code}`);
    case 'late':
      return new TableFault('timeout', true, 'injected: the request is late');
  }
}

function refusal(what: string): TableFault {
  return new TableFault('refused', false, `Table storage does not take ${what}.`);
}

function noCounts(): TwinCounts {
  return { gets: 0, queries: 0, rowsRead: 0, transactions: 0, rowsWritten: 0, conflicts: 0 };
}
