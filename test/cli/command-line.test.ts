/** Every command's options: the help, and what is refused in a sentence that keeps nothing from being noticed. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readOptions, wholeNumber, withText } from '../../shared/cli/command-line.ts';

const root = join(import.meta.dirname, '../..');
const help = 'the help\n';
const options = { rows: { type: 'string', default: '5' }, full: { type: 'boolean' } } as const;

test('what is given, and the defaults', () => {
  expect(readOptions(['--full'], options, help)).toEqual({ rows: '5', full: true });
});

test.each([['--help'], ['-h'], ['--nonsense', '--help']])('help: %j %j', (...args) => {
  expect(readOptions(args, options, help)).toBe('help');
});

test.each([
  [['--rowz', '1'], /^Unknown option '--rowz'\. Did you mean "--rows"\?\n\nthe help\n$/],
  [['--colour'], /^Unknown option '--colour'\.\n\nthe help\n$/],
  [['x'], /^Unexpected argument 'x'\. This command does not take positional arguments\.\n\nthe help\n$/],
  [['--rows'], /^Option '--rows <value>' argument missing\.\n\nthe help\n$/],
])('%j', (args, sentence) => {
  expect(() => readOptions(args, options, help)).toThrow(sentence);
});

test('whole numbers within their range', () => {
  expect(wholeNumber('--rows', '7', 1, 7)).toBe(7);
  for (const text of ['', '0', '8', '1.0', '1e0', '-1', 'abc'])
    expect(() => wholeNumber('--rows', text, 1, 7)).toThrow(
      /^--rows must be a whole number from 1 to 7, but/,
    );
});

test('a text that no name has is refused with the names', () => {
  const names = ['one', 'two'];
  expect(withText('--only', 'w', names, String)).toEqual(['two']);
  expect(withText('--only', '', names, String)).toEqual(names);
  expect(() => withText('--only', 'zz', names, String)).toThrow(
    '--only is "zz", which none of the names has:\n  one\n  two',
  );
});

describe('as processes', () => {
  const scripts = [
    ['shared/cli/start.ts', 1],
    ['shared/cli/demo.ts', 1],
    ['shared/cli/azurite.ts', 1],
    ['shared/cli/sample.ts', 1],
    ['test/bench/main.ts', 2],
    ['test/scoring/csv-oracle-main.ts', 2],
    ['test/sim/main.ts', 2],
  ] as const;
  const run = (script: string, args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, script), ...args], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    return { status, stdout, stderr };
  };

  test.each(scripts)('%s has help, and refuses what it does not know with exit code %i', (script, code) => {
    expect(run(script, ['--help'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^npm (start|run )/),
      stderr: '',
    });
    const refused = run(script, ['--nonsense']);
    expect(refused).toMatchObject({ status: code, stdout: '' });
    expect(refused.stderr).toMatch(/^\s*\w+: Unknown option '--nonsense'\.\n\nnpm /);
    expect(refused.stderr).not.toMatch(/^ +at /m);
  });

  test('a simulation whose reader has enough ends without a stack', () => {
    const script = `"${process.execPath}" test/sim/main.ts --seed 5 --days 1 | head -c 1`;
    const { stdout, stderr } = spawnSync('bash', ['-c', script], { cwd: root, encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: 's', stderr: '' });
  });

  test.each([
    ['test/scoring/csv-oracle-main.ts', ['--files', 'abc'], /^oracle: --files must be a whole number from 1/],
    [
      'test/bench/main.ts',
      ['--only', 'zzzzz'],
      /^bench: --only is "zzzzz", which none of the names has:\n {2}One/,
    ],
    [
      'test/sim/main.ts',
      ['--mutants', '--only', 'zzzz'],
      /^sim: --only is "zzzz", which none of the names has:/,
    ],
    ['test/sim/main.ts', ['--mutant', 'zzzz'], /^sim: there is no mutant "zzzz": /],
    ['test/sim/main.ts', ['--seeds', 'x'], /^sim: --seeds must be a whole number from 1/],
  ])('%s %j does nothing, and says so with exit code 2', (script, args, sentence) => {
    expect(run(script, args)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(sentence),
    });
  });
});
