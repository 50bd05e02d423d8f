/** Keys are derived the same for ever, sealed texts show nothing and open only where they belong. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KeyOwner } from '../../shared/app/ports.ts';
import { nodeRandom } from '../../shared/storage/node-random.ts';
import { makeNodeSecrets } from '../../shared/storage/node-secrets.ts';
import { decode, encode } from '../../shared/storage/codec.ts';
import { jobOf } from './sample-rows.ts';

const masterSecret = new Uint8Array(32).fill(1);
const secrets = makeNodeSecrets({ masterSecret, operatorKey: 'operator' });
const other = makeNodeSecrets({ masterSecret: new Uint8Array(32).fill(2), operatorKey: 'operator' });
const owner: KeyOwner = { kind: 'service', id: 'a'.repeat(32) };

describe('keys', () => {
  test('64 bytes in base64, the same every time, also in the next version of this program', () => {
    const key = secrets.key(owner, 'primary', 1);
    expect(Buffer.from(key, 'base64')).toHaveLength(64);
    expect(makeNodeSecrets({ masterSecret, operatorKey: 'x' }).key(owner, 'primary', 1)).toBe(key);
    expect(secrets.sha256(key)).toMatchInlineSnapshot(
      `"b992c8e2c7f2917e41ba0072b2f3cbd9eb2f748812fd6671ce83b2118abb50f3"`,
    );
    expect(secrets.sha256(secrets.vmToken('b'.repeat(32)))).toMatchInlineSnapshot(
      `"212325eae5521b63b3ddaee068deb4509ac18a32338756d55e5c251e4dce179b"`,
    );
  });

  test('owner, kind, slot, version and master secret each make another', () => {
    const keys = [
      secrets.key(owner, 'primary', 1),
      secrets.key(owner, 'secondary', 1),
      secrets.key(owner, 'primary', 2),
      secrets.key({ ...owner, kind: 'account' }, 'primary', 1),
      secrets.key({ ...owner, id: 'b'.repeat(32) }, 'primary', 1),
      other.key(owner, 'primary', 1),
      Buffer.from(secrets.vmToken(owner.id), 'base64url').toString('base64'),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('a VM token fits into a header', () => {
    expect(secrets.vmToken('b'.repeat(32))).toMatch(/^[A-Za-z0-9_-]{86}$/);
  });

  test('a short master secret is refused, without showing it', () => {
    const short = new Uint8Array(31).fill(65);
    expect(() => makeNodeSecrets({ masterSecret: short, operatorKey: 'x' })).toThrow(
      /at least 32 bytes, not 31/,
    );
    expect(() => makeNodeSecrets({ masterSecret: short, operatorKey: 'x' })).not.toThrow(/AAAA/);
  });

  test('same', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (a, b) => secrets.same(a, b) === (a === b)));
    expect(secrets.same('key', 'key')).toBe(true);
    expect(secrets.same('key', 'ke')).toBe(false);
  });

  test('sha256 is the one that everybody computes', () => {
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(secrets.sha256('abc')).toBe(abc);
    expect(secrets.sha256(new TextEncoder().encode('abc'))).toBe(abc);
  });
});

describe('sealed texts', () => {
  test('come back, whatever they hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.string(), (plain, context) => {
        expect(secrets.open(secrets.seal(plain, context), context)).toBe(plain);
      }),
    );
  });

  test('never twice the same, and with nothing of the plain text', () => {
    const canary = 'canary-4f1c9b-AccountKey';
    const sealed = secrets.seal(canary, 'job');
    expect(sealed).not.toBe(secrets.seal(canary, 'job'));
    const body = sealed.split('.')[2]!;
    for (const text of [sealed, Buffer.from(body, 'base64url').toString('latin1')]) {
      expect(text).not.toContain('canary');
      expect(text).not.toContain(Buffer.from('canary').toString('base64').slice(0, 7));
    }
    const row = { jobId: jobOf(1).jobId, sealed: Buffer.from(sealed) };
    const { place, properties } = encode('spec', row, 'op');
    const stored = Object.values(properties).map((value) => Buffer.from(String(value)).toString('latin1'));
    expect(stored.join()).not.toContain('canary');
    const back = decode(place.table, { ...place, etag: 'e', properties }).row as typeof row;
    expect(secrets.open(Buffer.from(back.sealed).toString(), 'job')).toBe(canary);
  });

  test('do not open elsewhere', () => {
    const sealed = secrets.seal('plain', 'account/job');
    expect(() => secrets.open(sealed, 'account/other')).toThrow(/another context/);
    expect(() => secrets.open(sealed, '')).toThrow(/another context/);
    expect(() => other.open(sealed, 'account/job')).toThrow(/another master secret/);
    expect(() => other.open(sealed, 'account/job')).not.toThrow(/plain/);
  });

  test('do not open when a single character is changed, or some are missing', () => {
    const sealed = secrets.seal('plain text', 'c');
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
      // The last character of base64 may hold bits that mean nothing.
      if (at === sealed.length - 1) continue;
      expect(() => secrets.open(changed, 'c'), changed).toThrow();
    }
    for (const cut of ['', 'v1', 'v1.', sealed.slice(0, 20), sealed.slice(0, -4), `${sealed}.x`]) {
      expect(() => secrets.open(cut, 'c'), cut).toThrow();
    }
  });

  test('carry the id of their key, so that a master secret can be replaced', () => {
    const sealed = secrets.seal('plain', 'c');
    expect(sealed.split('.')[1]).toMatch(/^[0-9a-f]{8}$/);
    const next = makeNodeSecrets({
      masterSecret: new Uint8Array(32).fill(3),
      earlierSecrets: [masterSecret],
      operatorKey: 'x',
    });
    expect(next.open(sealed, 'c')).toBe('plain');
    expect(next.seal('plain', 'c').split('.')[1]).not.toBe(sealed.split('.')[1]);
    expect(() => secrets.open(next.seal('plain', 'c'), 'c')).toThrow(/another master secret/);
  });
});

test('chance: as many digits as asked for, never the same, fractions below 1', () => {
  for (const digits of [1, 9, 20, 32])
    expect(nodeRandom.hex(digits)).toMatch(new RegExp(`^[0-9a-f]{${digits}}$`));
  expect(new Set(Array.from({ length: 100 }, () => nodeRandom.hex(20))).size).toBe(100);
  const fractions = Array.from({ length: 1_000 }, () => nodeRandom.fraction());
  expect(Math.min(...fractions)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...fractions)).toBeLessThan(1);
  const mean = fractions.reduce((a, b) => a + b) / fractions.length;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.1);
});
