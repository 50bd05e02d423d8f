/** The low-level table port: one attempt per call, no retries, no types. What Azure Table storage is, and no more. */

/** Numbers are 32-bit integers. */
export type Value = string | number | Uint8Array;
export type Properties = Readonly<Record<string, Value>>;

export type Entity = {
  readonly pk: string;
  readonly rk: string;
  readonly etag: string;
  readonly properties: Properties;
};

export type Op =
  | { readonly do: 'create'; readonly rk: string; readonly properties: Properties }
  | { readonly do: 'replace'; readonly rk: string; readonly properties: Properties; readonly etag: string }
  /** Whatever its version. */
  | { readonly do: 'remove'; readonly rk: string };

export type Query = {
  /** Absent: every partition, which scans the whole table. */
  readonly pk?: string;
  /** First row key. */
  readonly from: string;
  /** The row key before which the range ends. */
  readonly to: string;
  /** Only what lies behind it: a row key, in place of `from`, or a partition key where `pk` is absent. */
  readonly after?: string;
  /** 1 to 1,000. */
  readonly limit: number;
  /** Of the page before. */
  readonly continuation?: string;
};

/** In key order. May be short, and even empty, with a continuation. */
export type EntityPage = { readonly entities: readonly Entity[]; readonly continuation?: string };

export type Outcome =
  /** One version per op, `''` for a removed row. */
  | { readonly kind: 'done'; readonly etags: readonly string[] }
  | { readonly kind: 'conflict'; readonly at: number; readonly why: 'exists' | 'changed' | 'missing' };

/** Every method has a deadline and throws `TableFault` when there is no answer to rely on. */
export type Table = {
  get(table: string, pk: string, rk: string): Promise<Entity | undefined>;
  query(table: string, query: Query): Promise<EntityPage>;
  /** All or nothing: 1 to 100 ops, each row once. */
  transact(table: string, pk: string, ops: readonly Op[]): Promise<Outcome>;
};

/** One call has failed. `maybeDone`: whether a write may have happened all the same. */
export class TableFault extends Error {
  /** `refused` is for good: another try gets the same answer. */
  readonly code: 'timeout' | 'busy' | 'unreachable' | 'refused';
  readonly maybeDone: boolean;
  /** How long the storage asks us to wait. */
  readonly retryAfterMs: number | undefined;
  constructor(
    code: TableFault['code'],
    maybeDone: boolean,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number | undefined } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TableFault';
    this.code = code;
    this.maybeDone = maybeDone;
    this.retryAfterMs = options.retryAfterMs;
  }
}
