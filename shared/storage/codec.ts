/** Rows to entities and back: schema version, operation id, content. Nothing is ever cut or guessed. */
import { RowTooLarge } from '../app/row-too-large.ts';
import { placeOf, kindAt, type Place } from './row-places.ts';
import type { Entity, Properties } from './table.ts';
import type { Job } from '../core/job.ts';
import type { Line } from '../core/billing.ts';
import type { Pool } from '../core/pool.ts';
import type { Reservation } from '../core/account.ts';
import type { Vm } from '../core/vm.ts';
import type { Keys, Kind, Rows, SpecRow, Stored } from '../app/ports.ts';

/** Version of the layout of all rows. A reader refuses every other one. */
export const schemaVersion = 1;

/** Azure: a string property has at most 64 KiB in UTF-16. */
const bodyCharsMax = 32_768;
/** Azure: a binary property has at most 64 KiB. */
const partBytesMax = 65_536;
const sealedBytesMax = 4 * partBytesMax;

/** A row that this program cannot read: written by another version, or damaged. */
export class UnreadableRow extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'UnreadableRow';
  }
}

/**
 * @param op id of the commit that writes it
 * @throws RowTooLarge
 */
export function encode<K extends Kind>(
  kind: K,
  row: Rows[K],
  op: string,
): { place: Place; properties: Properties } {
  const place = placeOf(kind, row as Keys[K]);
  const head = { v: schemaVersion, op };
  if (kind === 'spec') return { place, properties: { ...head, ...splitSealed(row as SpecRow) } };
  const body = JSON.stringify(row);
  if (body.length > bodyCharsMax) {
    throw new RowTooLarge(
      kind,
      `The ${kind} ${place.rk} has ${body.length} characters as JSON; a row holds ${bodyCharsMax}.`,
    );
  }
  return { place, properties: { ...head, body } };
}

/** @throws UnreadableRow */
export function decode(table: string, entity: Entity): Stored {
  const kind = kindAt(table, entity.rk);
  const where = `row ${entity.pk} ${entity.rk} of ${table}`;
  if (kind === undefined) throw new UnreadableRow(`The ${where} is of no known kind.`);
  const { v } = entity.properties;
  if (v !== schemaVersion) {
    throw new UnreadableRow(
      `The ${where} has schema version ${String(v)}; this program reads version ${schemaVersion}. Run the version of the program that wrote it, or a later one.`,
    );
  }
  const row = kind === 'spec' ? joinSealed(entity, where) : parse(entity, where);
  checkShape(kind, row, where);
  if (!liesAt(kind, row, entity)) throw new UnreadableRow(`The ${where} holds the content of another row.`);
  return { kind, row, etag: entity.etag } as Stored;
}

/** The id of the commit that wrote this version. */
export function opOf(entity: Entity): string {
  return String(entity.properties['op']);
}

function liesAt(kind: Kind, row: unknown, entity: Entity): boolean {
  try {
    const place = placeOf(kind, row as Keys[typeof kind]);
    return place.pk === entity.pk && place.rk === entity.rk;
  } catch {
    // Members that make up the key are missing or wrong.
    return false;
  }
}

function parse(entity: Entity, where: string): unknown {
  const { body } = entity.properties;
  if (typeof body !== 'string') throw new UnreadableRow(`The ${where} has no content.`);
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new UnreadableRow(`The content of the ${where} is no JSON.`, { cause });
  }
}

function splitSealed(row: SpecRow): Properties {
  const { sealed } = row;
  if (sealed.byteLength > sealedBytesMax) {
    throw new RowTooLarge(
      'spec',
      `The sealed spec of job ${row.jobId} has ${sealed.byteLength} bytes; a row holds ${sealedBytesMax}.`,
    );
  }
  const parts: Record<string, number | Uint8Array> = { bytes: sealed.byteLength };
  for (let at = 0; at < sealed.byteLength; at += partBytesMax) {
    parts[`s${at / partBytesMax}`] = sealed.slice(at, at + partBytesMax);
  }
  return parts;
}

function joinSealed(entity: Entity, where: string): SpecRow {
  const { bytes } = entity.properties;
  if (typeof bytes !== 'number' || bytes < 0 || bytes > sealedBytesMax) {
    throw new UnreadableRow(`The ${where} does not say how long its content is.`);
  }
  const sealed = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += partBytesMax) {
    const part = entity.properties[`s${at / partBytesMax}`];
    if (!(part instanceof Uint8Array) || part.byteLength !== Math.min(partBytesMax, bytes - at)) {
      throw new UnreadableRow(`The content of the ${where} is not whole.`);
    }
    sealed.set(part, at);
  }
  return { jobId: entity.rk.slice('spec|'.length), sealed };
}

/** Members of the unions, complete by type. */
const unions: Readonly<Partial<Record<Kind, Readonly<Record<string, true>>>>> = {
  reservation: { making: true, live: true } satisfies Record<Reservation['kind'], true>,
  line: { vm: true, classic: true } satisfies Record<Line['kind'], true>,
  pool: { active: true, deleting: true, deleted: true } satisfies Record<Pool['kind'], true>,
  vm: {
    provisioning: true,
    idle: true,
    busy: true,
    draining: true,
    releasing: true,
    stopping: true,
    stopped: true,
  } satisfies Record<Vm['kind'], true>,
  job: {
    registered: true,
    queued: true,
    running: true,
    finished: true,
    failed: true,
    cancelled: true,
  } satisfies Record<Job['kind'], true>,
};

function checkShape(kind: Kind, row: unknown, where: string): void {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw new UnreadableRow(`The content of the ${where} is no object.`);
  }
  const union = unions[kind];
  if (union === undefined) return;
  const state = 'kind' in row ? row.kind : undefined;
  if (typeof state !== 'string' || !Object.hasOwn(union, state)) {
    throw new UnreadableRow(`The ${where} is in a state that this program does not know: ${String(state)}.`);
  }
}
