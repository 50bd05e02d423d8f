/** Script of `npm run sample`: writes census-like CSV to its standard output. */
import { once } from 'node:events';
import { censusCsv } from '../samples/adult-census/census-csv.ts';
import { whenOutputCloses } from './closed-output.ts';
import { optionsOrExit, readOptions, wholeNumber } from './command-line.ts';

const help = `npm run -s sample -- [--rows N] [--seed S] > FILE.csv

  --rows N    so many rows (1000)
  --seed S    the same seed gives the same file everywhere (1)
`;

const { rows, seed } = optionsOrExit({ name: 'sample', help, exitCode: 1 }, () => {
  const values = readOptions(
    process.argv.slice(2),
    { rows: { type: 'string' }, seed: { type: 'string' } },
    help,
  );
  if (values === 'help') return values;
  return {
    rows: wholeNumber('--rows', values.rows ?? '1000', 0, 9_999_999_999),
    seed: wholeNumber('--seed', values.seed ?? '1', 0, 9_999_999_999),
  };
});
// A reader that has enough (head) closes the pipe: that is no fault.
whenOutputCloses(() => process.exit(0));
for await (const chunk of censusCsv({ rows, seed })) {
  if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
}
