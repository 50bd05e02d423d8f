/** Random CSV files for a while, a minute of them in CI; `npm run oracle` tries as many as one wants. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEngine, type Engine } from '../../shared/scoring/engine.ts';
import { brokenFiles, writtenFiles } from './csv-properties.ts';
import { echoModel } from './onnx-fixtures.ts';

const seed = Number(process.env['MILLPOND_CSV_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const timeMs = Number(process.env['MILLPOND_CSV_MS'] ?? (process.env['CI'] === 'true' ? 30_000 : 4_000));
process.stdout.write(`csv-oracle: seed ${seed} (MILLPOND_CSV_SEED=${seed} repeats it)\n`);
const bounded = { seed, numRuns: 1_000_000, interruptAfterTimeLimit: timeMs, markInterruptAsFailure: false };
const patienceMs = timeMs + 60_000;

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ modelBytes: echoModel('s', 'string'), workers: 2 });
});
afterAll(async () => {
  await engine.close();
});

test(
  'files as writers make them',
  async () => {
    await fc.assert(writtenFiles(engine), bounded);
  },
  patienceMs,
);

test(
  'files as nobody should make them: read alike, or refused',
  async () => {
    let read = 0;
    await fc.assert(
      brokenFiles(engine, () => read++),
      bounded,
    );
    expect(read).toBeGreaterThan(0);
  },
  patienceMs,
);
