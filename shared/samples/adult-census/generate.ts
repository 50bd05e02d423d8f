/** Script: writes census-like CSV to its standard output; `--rows N` (default 1,000), `--seed S` (default 1). */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { censusCsv } from './census-csv.ts';

const wholeNumber = /^\d{1,10}$/;
const { values } = parseArgs({
  options: { rows: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' } },
});
if (wholeNumber.test(values.rows) && wholeNumber.test(values.seed)) {
  // A reader that has enough (head) closes the pipe: that is no fault.
  process.stdout.on('error', () => process.exit(0));
  for await (const chunk of censusCsv({ rows: Number(values.rows), seed: Number(values.seed) })) {
    if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
  }
} else {
  process.stderr.write('generate: --rows and --seed are whole numbers, for example --rows 100000 --seed 7\n');
  process.exitCode = 1;
}
