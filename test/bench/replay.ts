/**
 * The calls that a use case made on the twin, made again on Azurite with nothing else around them: what storage alone
 * takes.
 */
import { randomBytes } from 'node:crypto';
import type { BlobPlace, CallerBlobs } from '../../shared/app/ports.ts';
import type { AzureTable } from '../../shared/storage/azure-table.ts';
import type { Entity, Op } from '../../shared/storage/table.ts';
import type { Trace, TracedCall } from './round-trips.ts';

export type Replayer = {
  readonly table: AzureTable;
  readonly blobs: CallerBlobs;
  /** Blobs that are there, in place of those that the trace asked for. */
  readonly input: BlobPlace;
  readonly output: BlobPlace;
};

/**
 * Milliseconds from the first call of the first wave to the last reply; on rows of its own, the same as the twin had.
 */
export async function replay(replayer: Replayer, trace: Trace): Promise<number> {
  const pk = randomBytes(6).toString('hex');
  const versions = new Map<string, string>();
  for (const [name, entities] of trace.before) {
    for (const entity of entities.filter((one) => isTouched(trace, name, one))) {
      const create = { do: 'create', rk: entity.rk, properties: entity.properties } as const;
      const outcome = await replayer.table.transact(name, pk, [create]);
      if (outcome.kind === 'done') versions.set(entity.rk, outcome.etags[0] ?? '');
    }
  }
  const beganMs = performance.now();
  for (const wave of trace.waves) {
    await Promise.all(wave.map((call) => once(replayer, call, pk, versions)));
  }
  return performance.now() - beganMs;
}

/** Rows of partitions that the trace never asks about would only make Azurite's table longer. */
function isTouched(trace: Trace, name: string, entity: Entity): boolean {
  return trace.waves.flat().some((call) => {
    switch (call.op) {
      case 'look':
      case 'lookForContainer':
        return false;
      case 'query':
        return call.table === name && call.query.pk === entity.pk;
      case 'get':
      case 'transact':
        return call.table === name && call.pk === entity.pk;
    }
  });
}

async function once(
  { table, blobs, input, output }: Replayer,
  call: TracedCall,
  pk: string,
  versions: Map<string, string>,
): Promise<void> {
  switch (call.op) {
    case 'get':
      await table.get(call.table, pk, call.rk);
      return;
    case 'query':
      await table.query(call.table, { ...call.query, pk });
      return;
    case 'look':
      await blobs.look(input);
      return;
    case 'lookForContainer':
      await blobs.lookForContainer(output);
      return;
    case 'transact': {
      const ops = call.ops.map((op): Op =>
        op.do === 'replace' ? { ...op, etag: versions.get(op.rk) ?? op.etag } : op,
      );
      const outcome = await table.transact(call.table, pk, ops);
      if (outcome.kind === 'conflict') throw new Error(`the replay does not fit: ${outcome.why}`);
      for (const [index, op] of ops.entries()) versions.set(op.rk, outcome.etags[index] ?? '');
    }
  }
}
