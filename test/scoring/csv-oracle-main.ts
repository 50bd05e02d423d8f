/** `npm run oracle`: so many random CSV files of both kinds against csv-parse. */
import * as fc from 'fast-check';
import { optionsOrExit, readOptions, wholeNumber } from '../../shared/cli/command-line.ts';
import { openEngine } from '../../shared/scoring/engine.ts';
import { brokenFiles, writtenFiles } from './csv-properties.ts';
import { echoModel } from './onnx-fixtures.ts';

const seedMax = 2 ** 31 - 1;
const help = `npm run oracle -- [--files N] [--seed S]

  --files N   so many random files (100000)
  --seed S    those of an earlier run again (a fresh one, which is printed)
`;
const { files, seed } = optionsOrExit({ name: 'oracle', help, exitCode: 2 }, () => {
  const values = readOptions(
    process.argv.slice(2),
    { files: { type: 'string', default: '100000' }, seed: { type: 'string' } },
    help,
  );
  if (values === 'help') return values;
  return {
    files: wholeNumber('--files', values.files, 1, 1_000_000_000),
    seed: wholeNumber('--seed', values.seed ?? String(Math.floor(Math.random() * seedMax)), 0, seedMax),
  };
});
const numRuns = Math.ceil(files / 2);
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
