/**
 * Table storage as the simulation has it: the twin's rules, the weather's faults, and everybody who watches its
 * commits.
 */
import type { Kind } from '../../shared/app/ports.ts';
import { MemoryTable } from '../../shared/storage/memory-table.ts';
import {
  TableFault,
  type Entity,
  type EntityPage,
  type Op,
  type Outcome,
  type Table,
} from '../../shared/storage/table.ts';
import type { Instance } from './instance.ts';
import type { RowCodec } from './row-codec.ts';
import type { Scheduler } from './scheduler.ts';
import { Shadow, type Change, type ChangeOf, type Committed } from './shadow.ts';
import type { Trace } from './trace.ts';
import type { Fate, Weather } from './weather.ts';

type ChangeWatcher = (change: Change, committed: Committed) => void;

export class Storage {
  readonly twin = new MemoryTable();
  readonly shadow: Shadow;
  readonly codec: RowCodec;
  calls = 0;
  private readonly scheduler: Scheduler;
  readonly weather: Weather;
  private readonly trace: Trace;
  private readonly writeWatchers: ((pk: string, op: Op) => void)[] = [];
  private readonly watchers: ((committed: Committed) => void)[] = [];
  private readonly changeWatchers = new Map<Kind, ChangeWatcher[]>();

  constructor(scheduler: Scheduler, weather: Weather, trace: Trace, codec: RowCodec) {
    this.codec = codec;
    this.shadow = new Shadow(codec);
    this.scheduler = scheduler;
    this.weather = weather;
    this.trace = trace;
  }

  get nowMs(): number {
    return this.scheduler.nowMs;
  }

  /** Told of each row that is written, before its commit. */
  onWrite(watcher: (pk: string, op: Op) => void): void {
    this.writeWatchers.push(watcher);
  }

  onCommit(watcher: (committed: Committed) => void): void {
    this.watchers.push(watcher);
  }

  /** Told of each change of a row of that kind, once its whole commit is done. @returns what ends it */
  onChange<K extends Kind>(
    kind: K,
    watcher: (change: ChangeOf<K>, committed: Committed) => void,
  ): () => void {
    const own = watcher as ChangeWatcher;
    this.changeWatchers.set(kind, [...(this.changeWatchers.get(kind) ?? []), own]);
    return () => {
      const all = this.changeWatchers.get(kind) ?? [];
      this.changeWatchers.set(
        kind,
        all.filter((one) => one !== own),
      );
    };
  }

  transactNow(by: string, table: string, pk: string, ops: readonly Op[]): Outcome {
    const outcome = this.twin.transactNow(table, pk, ops);
    const first = ops[0]!;
    const { nowMs } = this.scheduler;
    const done = outcome.kind === 'done' ? 'done' : outcome.why;
    this.trace.note(nowMs, by, whatOf(first.do, ops.length), done, pk, first.rk);
    if (outcome.kind === 'done') {
      for (const watcher of this.writeWatchers) for (const op of ops) watcher(pk, op);
      const committed = this.shadow.apply(nowMs, by, table, pk, ops);
      for (const watcher of this.watchers) watcher(committed);
      for (const change of committed.changes) {
        for (const watcher of this.changeWatchers.get(change.kind) ?? []) watcher(change, committed);
      }
    }
    return outcome;
  }

  /** The table as an instance has it. */
  tableOf(instance: Instance): Table {
    return {
      get: (table, pk, rk) => {
        const fate = this.weather.fate();
        this.trace.note(this.scheduler.nowMs, instance.name, 'get', fate.kind, pk, rk);
        return this.call(instance, fate, (): Entity | undefined => this.twin.getNow(table, pk, rk));
      },
      query: (table, query) => {
        const fate = this.weather.fate();
        this.trace.note(this.scheduler.nowMs, instance.name, 'query', fate.kind, query.pk ?? '*', query.from);
        return this.call(instance, fate, (): EntityPage =>
          this.twin.queryNow(table, query, this.weather.pageRows()),
        );
      },
      transact: (table, pk, ops) =>
        this.call(instance, this.weather.fate(), () => this.transactNow(instance.name, table, pk, ops)),
    };
  }

  private call<T>(instance: Instance, fate: Fate, run: () => T): Promise<T> {
    this.calls += 1;
    if (!instance.step()) return never();
    const sentMs = this.scheduler.nowMs;
    if (fate.kind === 'done' && fate.sendMs === 0 && fate.replyMs === 0) {
      try {
        const value = run();
        instance.heard(this.scheduler.nowMs, sentMs);
        return Promise.resolve(value);
      } catch (error) {
        return Promise.reject(error);
      }
    }
    return new Promise<T>((resolve, reject) =>
      this.carryOut(instance, fate, sentMs, { run, resolve, reject }),
    );
  }

  private carryOut<T>(
    instance: Instance,
    fate: Fate,
    sentMs: number,
    { run, resolve, reject }: { run: () => T; resolve: (value: T) => void; reject: (fault: unknown) => void },
  ): void {
    const { scheduler } = this;
    if (fate.kind === 'failed') {
      instance.after(fate.afterMs, () => reject(faultOf(fate.code, fate.code !== 'busy')));
      return;
    }
    if (fate.kind === 'unheard') {
      this.trace.note(scheduler.nowMs, instance.name, 'unheard', fate.code);
      scheduler.after(fate.sendMs, () => quietly(run));
      instance.after(fate.afterMs, () => reject(faultOf(fate.code, true)));
      return;
    }
    const done = () => {
      let value: T;
      try {
        value = run();
      } catch (error) {
        instance.after(fate.replyMs, () => reject(error));
        return;
      }
      const dateMs = scheduler.nowMs;
      const hear = () => {
        instance.heard(dateMs, sentMs);
        resolve(value);
      };
      scheduler.reach(fate.replyMs, hear, instance);
    };
    scheduler.reach(fate.sendMs, done);
  }
}

/** Put together once: a day has thousands of them. */
const whats: Record<Op['do'], string[]> = { create: [], replace: [], remove: [] };

function whatOf(first: Op['do'], rows: number): string {
  return (whats[first][rows] ??= `${first} ${rows}`);
}

export function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}

function faultOf(code: TableFault['code'], maybeDone: boolean): TableFault {
  return new TableFault(code, maybeDone, `the storage answered: ${code}`);
}

function quietly(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof TableFault)) throw error;
  }
}
