/** The command line of `npm start`. */
import { readOptions, wholeNumber } from './command-line.ts';
import { defaultDataDirectory, userPath } from './places.ts';

export type StartOptions =
  { readonly kind: 'run'; readonly port: number; readonly directory: string } | { readonly kind: 'help' };

export const startHelp = `npm start -- [--port N] [--data DIR]

  --port N     where Millpond listens on 127.0.0.1 (7071)
  --data DIR   where Azurite's data and the log go (.millpond)
`;

/** @throws CliError for an option that is unknown or malformed. */
export function startOptions(args: readonly string[]): StartOptions {
  const values = readOptions(args, { port: { type: 'string' }, data: { type: 'string' } }, startHelp);
  if (values === 'help') return { kind: 'help' };
  return {
    kind: 'run',
    port: wholeNumber('--port', values.port ?? '7071', 1, 65_535),
    directory: values.data === undefined ? defaultDataDirectory : userPath(values.data),
  };
}
