/** `npm run oracle`: so many random CSV files of both kinds against csv-parse; `--files N` (100,000), `--seed S`. */
import { parseArgs } from 'node:util';
import * as fc from 'fast-check';
import { openEngine } from '../../shared/scoring/engine.ts';
import { brokenFiles, writtenFiles } from './csv-properties.ts';
import { echoModel } from './onnx-fixtures.ts';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
});
const seed = Number(values.seed);
const numRuns = Math.ceil(Number(values.files) / 2);
process.stdout.write(`${2 * numRuns} files, --seed ${seed}\n`);
const engine = await openEngine({ modelBytes: echoModel('s', 'string'), workers: 2 });
try {
  const beganMs = performance.now();
  await fc.assert(writtenFiles(engine), { seed, numRuns });
  await fc.assert(brokenFiles(engine), { seed, numRuns });
  const seconds = Math.round((performance.now() - beganMs) / 1_000);
  process.stdout.write(`all read alike, or refused with a place (${seconds} s)\n`);
} finally {
  await engine.close();
}
