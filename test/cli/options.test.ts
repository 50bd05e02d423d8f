/** The command lines of `npm start` and `npm run demo`: defaults, what is refused, and where relative paths begin. */
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
  expect(demoOptions(['--input', 'cli/options.test.ts', '--output', '../y.csv'])).toMatchObject({
    input: join(root, 'test/cli/options.test.ts'),
    output: join(root, 'y.csv'),
  });
});

test.each([
  [['--vms', '9'], /--vms must be a whole number from 1 to 8/],
  [['--rows', '0'], /--rows must be/],
  [['--rows', 'all'], /is "all"/],
  [['--input', 'no-such.csv'], /--input: there is no file \/.*no-such\.csv/],
  [['--nonsense'], /--nonsense/],
])('demo %j', (args, sentence) => {
  expect(() => demoOptions(args)).toThrow(sentence);
});

test.each([['0'], ['65536'], ['http'], ['-1'], ['1e3']])('start --port %s', (port) => {
  expect(() => startOptions([`--port=${port}`])).toThrow(/--port must be a number from 1 to 65535/);
});
