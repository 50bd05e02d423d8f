/** `npm run demo` for real, on an instance of its own: the whole main job, from an account to the bill. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millpond-demo-test-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** With secrets of its own, so that no local.settings.json is written into the checkout. */
const env = {
  ...process.env,
  MILLPOND_OPERATOR_KEY: 'operator-key-of-the-demo-test-0123456789',
  MILLPOND_MASTER_SECRET: Buffer.alloc(32, 9).toString('base64'),
};

type Outcome = { readonly code: number; readonly text: string };

function demo(args: readonly string[]): Promise<Outcome> {
  const all = [join(root, 'shared/cli/demo.ts'), '--data', join(directory, 'data'), ...args];
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  execFile(
    process.execPath,
    all,
    { env, timeout: 150_000, killSignal: 'SIGTERM' },
    (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr });
    },
  );
  return promise;
}

test(
  'does the main job twice in a row on the same data, shows it, and leaves no process',
  { timeout: 180_000 },
  async () => {
    const output = join(directory, 'scored.csv');
    const first = await demo(['--rows', '300', '--vms', '1', '--output', output]);
    expect(first.text).toMatch(/upload +100 % +uploaded\n/);
    expect(first.text).toMatch(/VMs +100 % +ready/);
    for (const job of ['pool 1', 'pool 6', 'classic']) {
      expect(first.text).toMatch(new RegExp(`${job} +100 % +finished, 300 rows`));
      expect(first.text).toMatch(new RegExp(`${job} +[\\d.]+ s +[\\d.]+ s +300\\n`));
    }
    expect(first.text).toMatch(
      /this pool +[\d.]+ compute hours \([\d,]+ ms of VM time; the ledger says the same/,
    );
    expect(first.text).toContain('npm start');
    expect(first.code).toBe(0);
    const rows = parse<Record<string, string>>(readFileSync(output, 'utf8'), { columns: true });
    expect(rows).toHaveLength(300);
    for (const row of rows) {
      const probability = Number(row['Scored Probabilities']);
      expect(row['Scored Labels']).toBe(probability > 0.5 ? '>50K' : '<=50K');
    }

    const input = join(root, 'test/cli/no-census.csv');
    const second = await demo(['--vms', '1', '--input', input]);
    expect(second.text).toMatch(
      /demo: The job "pool 1" is Failed: no-census\.csv line 1: missing columns 'age'/,
    );
    expect(second.code).toBe(1);
    const left = execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' });
    expect(left.split('\n').filter((line) => line.includes(directory))).toEqual([]);
  },
);
