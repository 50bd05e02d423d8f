/** The command lines of `npm start` and `npm run demo`: defaults, what is refused, and where relative paths begin. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { demoOptions } from '../../shared/cli/demo-options.ts';
import { projectRoot } from '../../shared/cli/places.ts';
import { startOptions } from '../../shared/cli/start-options.ts';

const root = join(import.meta.dirname, '../..');
afterEach(() => vi.unstubAllEnvs());

test('the defaults', () => {
  expect(projectRoot).toBe(root);
  expect(startOptions([])).toEqual({ kind: 'run', port: 7071, directory: join(root, '.millpond') });
  expect(demoOptions([])).toEqual({ rows: 100_000, vms: 2, directory: join(root, '.millpond') });
});

test('paths are relative to where npm was called', () => {
  vi.stubEnv('INIT_CWD', join(root, 'test'));
  expect(startOptions(['--data', 'x'])).toMatchObject({ directory: join(root, 'test/x') });
  expect(demoOptions(['--input', 'cli/no-census.csv', '--output', '../y.csv'])).toMatchObject({
    input: join(root, 'test/cli/no-census.csv'),
    output: join(root, 'y.csv'),
  });
});

test.each([
  [['--vms', '9'], /--vms must be a whole number from 1 to 8/],
  [['--rows', '0'], /--rows must be/],
  [['--rows', 'all'], /is "all"/],
  [['--input', 'no-such.csv'], /--input: there is no file \/.*no-such\.csv/],
  [['--input', join(root, 'test')], /--input: \/.*test is no regular file; name a file to score\.$/],
  [
    ['--input', join(root, 'README.md')],
    /--input: .*README\.md is of no format .* end in one of \.csv, .*\.jsonl\.gz\.$/,
  ],
  [['--output', 'no-such/x.csv'], /--output: there is no folder \/.*no-such; make it, or/],
  [['--output', join(root, 'README.md/x.csv')], /--output: there is no folder .*README\.md/],
  [['--output', join(root, 'test')], /--output: .*test is a folder; name a file in it\.$/],
  [['--output', '/proc/x.csv'], /--output: \/proc\/x\.csv cannot be written \(/],
  [['--nonsense'], /--nonsense/],
])('demo %j', (args, sentence) => {
  expect(() => demoOptions(args)).toThrow(sentence);
});

test('demo: an empty input is refused, and to look whether the output can be written changes nothing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millpond-options-'));
  const [empty, there, fresh] = ['empty.csv', 'there.csv', 'fresh.csv'].map((name) => join(folder, name));
  writeFileSync(empty ?? '', '');
  writeFileSync(there ?? '', 'kept');
  try {
    expect(() => demoOptions([`--input=${empty}`])).toThrow(/empty\.csv is empty; it needs a header line/);
    demoOptions([`--output=${there}`]);
    expect(readFileSync(there ?? '', 'utf8')).toBe('kept');
    demoOptions([`--output=${fresh}`]);
    expect(existsSync(fresh ?? '')).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([['0'], ['65536'], ['http'], ['-1'], ['1e3']])('start --port %s', (port) => {
  expect(() => startOptions([`--port=${port}`])).toThrow(/--port must be a whole number from 1 to 65535/);
});
