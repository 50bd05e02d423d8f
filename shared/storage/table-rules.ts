/** What Azure Table storage refuses, for the in-memory twin; Azurite is softer. Source: Azure's data model of tables. */
import type { Op, Properties, Value } from './table.ts';

const opsMax = 100;
const entityBytesMax = 1024 * 1024;
const payloadBytesMax = 4 * 1024 * 1024;
const propertiesMax = 252;
const nameCharsMax = 255;
const keyCharsMax = 512;
const stringCharsMax = 32_768;
const binaryBytesMax = 65_536;
const int32 = { min: -(2 ** 31), max: 2 ** 31 - 1 };
/** What one operation costs in the body of a transaction beside its content: headers, boundary, address. */
const opOverheadBytes = 600;

const tableName = /^[A-Za-z][A-Za-z0-9]{2,62}$/;
const keyForbidden = /[/\\#?\p{Cc}]/u;
const etagShape = /^W\/"datetime'[^']+'"$/;

/** Why Azure would not take the key; undefined when it would. */
export function refusedKey(key: string): string | undefined {
  if (key === '') return 'an empty key';
  if (key.length > keyCharsMax) return `a key of ${key.length} characters`;
  return keyForbidden.test(key) ? 'a forbidden character in a key' : undefined;
}

/** Why Azure would not take the transaction; undefined when it would. */
export function refusedTransaction(table: string, pk: string, ops: readonly Op[]): string | undefined {
  if (!tableName.test(table)) return 'a table name that is not alphanumeric';
  if (ops.length === 0 || ops.length > opsMax) return `${ops.length} operations`;
  const badPk = refusedKey(pk);
  if (badPk !== undefined) return badPk;
  const seen = new Set<string>();
  let payloadBytes = 0;
  for (const op of ops) {
    const bad = refusedKey(op.rk) ?? (seen.has(op.rk) ? 'one row twice' : refusedContent(pk, op));
    if (bad !== undefined) return bad;
    seen.add(op.rk);
    payloadBytes += opOverheadBytes + (op.do === 'remove' ? 0 : payloadOf(op.properties));
  }
  return payloadBytes > payloadBytesMax ? `a body of about ${payloadBytes} bytes` : undefined;
}

function refusedContent(pk: string, op: Op): string | undefined {
  if (op.do === 'remove') return undefined;
  if (op.do === 'replace' && !etagShape.test(op.etag)) return 'an ETag that is none';
  // Azure: 4 bytes, the keys in UTF-16, and for each property 8 bytes, its name in UTF-16 and its value.
  let bytes = 4 + 2 * (pk.length + op.rk.length);
  let count = 0;
  for (const name in op.properties) {
    const value = op.properties[name]!;
    const bad = refusedValue(name, value);
    if (bad !== undefined) return bad;
    bytes += 8 + 2 * name.length + sizeOf(value);
    count++;
  }
  if (count > propertiesMax) return `${count} properties`;
  return bytes > entityBytesMax ? `an entity of ${bytes} bytes` : undefined;
}

function refusedValue(name: string, value: Value): string | undefined {
  if (name.length > nameCharsMax) return 'a name of a property that is too long';
  if (typeof value === 'string') {
    return value.length > stringCharsMax ? `a string of ${value.length} characters` : undefined;
  }
  if (typeof value === 'number') {
    const fits = Number.isInteger(value) && value >= int32.min && value <= int32.max;
    return fits ? undefined : `a number that is no 32-bit integer: ${value}`;
  }
  return value.byteLength > binaryBytesMax ? `a binary property of ${value.byteLength} bytes` : undefined;
}

function sizeOf(value: Value): number {
  if (typeof value === 'string') return 4 + 2 * value.length;
  return typeof value === 'number' ? 4 : 4 + value.byteLength;
}

/** Bytes as JSON, a bit more than less: text may be escaped, binary is base64. */
function payloadOf(properties: Properties): number {
  let bytes = 0;
  for (const name in properties) {
    const value = properties[name]!;
    bytes += name.length + 8;
    if (typeof value === 'string') bytes += Buffer.byteLength(value) * 1.1;
    else bytes += typeof value === 'number' ? 11 : (value.byteLength * 4) / 3 + 40;
  }
  return Math.ceil(bytes);
}
