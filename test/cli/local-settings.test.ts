/** local.settings.json: made once, kept for ever, read below the environment. */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensureLocalSettings, localEnv } from '../../shared/cli/local-settings.ts';
import { readSettings } from '../../shared/settings.ts';
import { fakeApp, type FakeApp } from './fake-app.ts';

let app: FakeApp;
beforeEach(() => {
  app = fakeApp();
});
afterEach(() => app.remove());

test('is written with mode 0600 and secrets that differ from machine to machine', () => {
  const file = join(app.root, 'local.settings.json');
  expect(ensureLocalSettings(app.root, {})).toBe('written');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const first = readFileSync(file, 'utf8');
  rmSync(file);
  ensureLocalSettings(app.root, {});
  const names = ['MILLPOND_OPERATOR_KEY', 'MILLPOND_MASTER_SECRET'];
  const secrets = localEnv(app.root, {});
  for (const name of names) expect(first).not.toContain(secrets[name]);
  expect(readSettings(secrets).warnings).toEqual([]);
});

test('is not written where the environment brings both secrets', () => {
  const [key, secret] = [{ MILLPOND_OPERATOR_KEY: 'k' }, { MILLPOND_MASTER_SECRET: 's' }];
  expect(ensureLocalSettings(app.root, { ...key, ...secret })).toBe('not-needed');
  expect(existsSync(join(app.root, 'local.settings.json'))).toBe(false);
  expect(ensureLocalSettings(app.root, key)).toBe('written');
});

test('is never written over', () => {
  const file = join(app.root, 'local.settings.json');
  writeFileSync(file, '{"Values":{"A":"1"}}');
  expect(ensureLocalSettings(app.root, {})).toBe('there');
  expect(readFileSync(file, 'utf8')).toBe('{"Values":{"A":"1"}}');
});

test('its values are texts, and the environment wins', () => {
  const values = { A: 'file', B: 2, C: true };
  writeFileSync(
    join(app.root, 'local.settings.json'),
    JSON.stringify({ Values: values, Host: { CORS: '*' } }),
  );
  expect(localEnv(app.root, { A: 'environment', D: undefined })).toEqual({
    A: 'environment',
    B: '2',
    C: 'true',
  });
});

test('may be missing', () => {
  expect(localEnv(app.root, { A: '1' })).toEqual({ A: '1' });
});
