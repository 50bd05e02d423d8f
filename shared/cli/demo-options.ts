/** The command line of `npm run demo`. */
import { readOptions, wholeNumber } from './command-line.ts';
import { checkInput, checkOutput } from './demo-files.ts';
import { defaultDataDirectory, userPath } from './places.ts';

export type DemoOptions = {
  /** A CSV file of the user's own; without it `rows` generated ones are scored. */
  readonly input?: string;
  /** Where the first pool job's scored file is saved. */
  readonly output?: string;
  readonly rows: number;
  readonly vms: number;
  readonly directory: string;
};

export const demoHelp = `npm run demo -- [--input FILE.csv] [--output FILE.csv] [--rows N] [--vms N] [--data DIR]

  --input FILE    scores a file of your own; it needs the columns that
                  shared/samples/adult-census/README.md names
  --output FILE   saves the scored file
  --rows N        so many generated rows without --input (100000)
  --vms N         VMs of the pool, 1 to 8 (2)
  --data DIR      data folder of the instance to use or to start (.millpond)
`;

const options = {
  input: { type: 'string' },
  output: { type: 'string' },
  rows: { type: 'string' },
  vms: { type: 'string' },
  data: { type: 'string' },
} as const;

/** @throws CliError for an option that is unknown or malformed, and for a file that cannot be used. */
export function demoOptions(args: readonly string[]): DemoOptions | 'help' {
  const values = readOptions(args, options, demoHelp);
  if (values === 'help') return values;
  const input = values.input === undefined ? undefined : userPath(values.input);
  const output = values.output === undefined ? undefined : userPath(values.output);
  if (input !== undefined) checkInput(input);
  if (output !== undefined) checkOutput(output);
  return {
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
    rows: wholeNumber('--rows', values.rows ?? '100000', 1, 10_000_000),
    vms: wholeNumber('--vms', values.vms ?? '2', 1, 8),
    directory: values.data === undefined ? defaultDataDirectory : userPath(values.data),
  };
}
