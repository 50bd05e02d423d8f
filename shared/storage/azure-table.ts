/** The low-level table over Azure Table storage (or Azurite): one request per call, with a deadline, nothing retried. */
import {
  AzureNamedKeyCredential,
  odata,
  TableClient,
  type TableEntityResult,
  type TransactionAction,
} from '@azure/data-tables';
import { limits } from '../core/limits.ts';
import { codeOf, faultOf } from './azure-faults.ts';
import { withDeadline } from './deadline.ts';
import {
  TableFault,
  type Entity,
  type Op,
  type Outcome,
  type Query,
  type Table,
  type Value,
} from './table.ts';
import type { StorageAccount } from './connection-string.ts';
import type { StorageClock } from './storage-clock.ts';

export type AzureTableOptions = {
  readonly account: StorageAccount;
  /** Learns storage's time from every reply. */
  readonly clock?: StorageClock;
  /** Deadline of one call; default `limits.storageCallMs`. */
  readonly callMs?: number;
};

type Handle = { readonly client: TableClient; ready: Promise<void> | undefined };
type Raw = TableEntityResult<Record<string, unknown>>;

export class AzureTable implements Table {
  private readonly options: AzureTableOptions;
  private readonly callMs: number;
  private readonly handles = new Map<string, Handle>();

  constructor(options: AzureTableOptions) {
    this.options = options;
    this.callMs = options.callMs ?? limits.storageCallMs;
  }

  async get(table: string, pk: string, rk: string): Promise<Entity | undefined> {
    return this.call(table, `reading a row of ${table}`, async (client, abortSignal) => {
      try {
        return entityOf(await client.getEntity(pk, rk, { abortSignal }));
      } catch (error) {
        if (whyOf(error) === 'missing') return undefined;
        throw error;
      }
    });
  }

  async query(table: string, query: Query): Promise<{ entities: Entity[]; continuation?: string }> {
    return this.call(table, `listing rows of ${table}`, async (client, abortSignal) => {
      const { limit: maxPageSize, continuation } = query;
      const pages = client
        .listEntities({ abortSignal, queryOptions: { filter: filterOf(query) } })
        .byPage(
          continuation === undefined ? { maxPageSize } : { maxPageSize, continuationToken: continuation },
        );
      const { value: page } = await pages[Symbol.asyncIterator]().next();
      const next = (page as { continuationToken?: string } | undefined)?.continuationToken;
      const entities = ((page ?? []) as Raw[]).map(entityOf);
      return next === undefined || next === '' ? { entities } : { entities, continuation: next };
    });
  }

  async transact(table: string, pk: string, ops: readonly Op[]): Promise<Outcome> {
    const what = `writing ${ops.length} rows of ${table}`;
    return this.call(table, what, async (client, abortSignal): Promise<Outcome> => {
      try {
        const etags = await send(client, pk, ops, abortSignal);
        // A reply that was cut short says nothing about what was done.
        if (
          etags.length !== ops.length ||
          etags.some((etag, at) => (ops[at]!.do === 'remove') !== (etag === ''))
        ) {
          throw new TableFault('unreachable', true, `${what}: the reply is not whole`);
        }
        return { kind: 'done', etags };
      } catch (error) {
        const why = whyOf(error);
        if (why === undefined) throw error;
        return { kind: 'conflict', at: ops.length === 1 ? 0 : indexOf(error, ops.length), why };
      }
    });
  }

  private async call<T>(
    table: string,
    what: string,
    run: (client: TableClient, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const handle = this.handle(table);
    try {
      await this.makeTable(handle);
      return await withDeadline(this.callMs, (signal) => run(handle.client, signal));
    } catch (error) {
      if (error instanceof TableFault) throw error;
      if (codeOf(error) !== 'TableNotFound') throw faultOf(error, what);
      // Somebody has deleted it: the next try makes it again.
      handle.ready = undefined;
      throw new TableFault('unreachable', false, `${what}: the table is missing`, { cause: error });
    }
  }

  private handle(table: string): Handle {
    const known = this.handles.get(table);
    if (known !== undefined) return known;
    const made = { client: clientFor(table, this.options), ready: undefined };
    this.handles.set(table, made);
    return made;
  }

  /** Once per table and process; a failure is forgotten, so that the next try makes another attempt. */
  private makeTable(handle: Handle): Promise<void> {
    handle.ready ??= withDeadline(this.callMs, (abortSignal) =>
      handle.client.createTable({ abortSignal }),
    ).catch((error: unknown) => {
      handle.ready = undefined;
      const fault = faultOf(error, `making the table ${handle.client.tableName}`);
      // The row of the caller has certainly not been written.
      throw new TableFault(fault.code, false, fault.message, {
        cause: error,
        retryAfterMs: fault.retryAfterMs,
      });
    });
    return handle.ready;
  }
}

function clientFor(table: string, { account, clock }: AzureTableOptions): TableClient {
  const credential = new AzureNamedKeyCredential(account.account, account.key);
  const client = new TableClient(account.tableEndpoint, table, credential, {
    allowInsecureConnection: account.tableEndpoint.startsWith('http://'),
    retryOptions: { maxRetries: 0 },
  });
  if (clock !== undefined) {
    client.pipeline.addPolicy({
      name: 'millpondStorageClock',
      async sendRequest(request, next) {
        const sentMs = clock.monotonicMs();
        const response = await next(request);
        clock.heard(response.headers.get('date'), sentMs);
        return response;
      },
    });
  }
  return client;
}

async function send(
  client: TableClient,
  pk: string,
  ops: readonly Op[],
  abortSignal: AbortSignal,
): Promise<string[]> {
  const [only] = ops;
  if (ops.length === 1 && only !== undefined) return [await sendOne(client, pk, only, abortSignal)];
  const actions = ops.map((op): TransactionAction => {
    switch (op.do) {
      case 'create':
        return ['create', entityFor(pk, op)];
      case 'replace':
        return ['update', entityFor(pk, op), 'Replace', { etag: op.etag }];
      case 'remove':
        return ['delete', { partitionKey: pk, rowKey: op.rk }];
    }
  });
  const reply = await client.submitTransaction(actions, { abortSignal });
  return reply.subResponses.map(({ etag }, at) => (ops[at]?.do === 'remove' ? '' : (etag ?? '').trim()));
}

async function sendOne(client: TableClient, pk: string, op: Op, abortSignal: AbortSignal): Promise<string> {
  switch (op.do) {
    case 'create':
      return (await client.createEntity(entityFor(pk, op), { abortSignal })).etag ?? '';
    case 'replace':
      return (
        (await client.updateEntity(entityFor(pk, op), 'Replace', { etag: op.etag, abortSignal })).etag ?? ''
      );
    case 'remove':
      await client.deleteEntity(pk, op.rk, { abortSignal });
      return '';
  }
}

function entityFor(pk: string, op: Exclude<Op, { do: 'remove' }>) {
  return { partitionKey: pk, rowKey: op.rk, ...op.properties };
}

function entityOf({ partitionKey, rowKey, etag, timestamp: _, ...rest }: Raw): Entity {
  const properties: Record<string, Value> = {};
  for (const [name, value] of Object.entries(rest)) {
    const ours = typeof value === 'string' || typeof value === 'number' || value instanceof Uint8Array;
    if (ours && !name.startsWith('odata.')) properties[name] = value;
  }
  return { pk: partitionKey!, rk: rowKey!, etag, properties };
}

/** One bound at each end: a second condition on the same key would make the service scan. */
function filterOf({ pk, from, to, after }: Query): string {
  if (pk !== undefined) {
    const begin = after === undefined ? odata`RowKey ge ${from}` : odata`RowKey gt ${after}`;
    return `${odata`PartitionKey eq ${pk}`} and ${begin} and ${odata`RowKey lt ${to}`}`;
  }
  const rows = `${odata`RowKey ge ${from}`} and ${odata`RowKey lt ${to}`}`;
  return after === undefined ? rows : `${odata`PartitionKey gt ${after}`} and ${rows}`;
}

function whyOf(error: unknown): 'exists' | 'changed' | 'missing' | undefined {
  switch (codeOf(error)) {
    case 'EntityAlreadyExists':
      return 'exists';
    case 'UpdateConditionNotSatisfied':
    case 'ConditionNotMet':
      return 'changed';
    case 'ResourceNotFound':
    case 'EntityNotFound':
      return 'missing';
    case undefined:
      return undefined;
  }
  return undefined;
}

/** A failed transaction's message begins with the index of the operation; 0 when it does not. */
function indexOf(error: unknown, count: number): number {
  const index = Number(/^(\d+):/.exec(error instanceof Error ? error.message : '')?.[1] ?? 0);
  return index < count ? index : 0;
}
