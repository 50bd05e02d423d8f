/** The command line of `npm start`. */
import { parseArgs } from 'node:util';
import { CliError } from './cli-error.ts';
import { defaultDataDirectory, userPath } from './places.ts';

export type StartOptions =
  { readonly kind: 'run'; readonly port: number; readonly directory: string } | { readonly kind: 'help' };

export const startHelp = `npm start -- [--port N] [--data DIR]

  --port N     where Millpond listens on 127.0.0.1 (7071)
  --data DIR   where Azurite's data and the log go (.millpond)
`;

/** @throws CliError for an option that is unknown or malformed. */
export function startOptions(args: readonly string[]): StartOptions {
  const values = parse(args);
  if (values.help === true) return { kind: 'help' };
  const text = values.port ?? '7071';
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) {
    throw new CliError(`--port must be a number from 1 to 65535, but is "${text}".`);
  }
  return {
    kind: 'run',
    port,
    directory: values.data === undefined ? defaultDataDirectory : userPath(values.data),
  };
}

function parse(args: readonly string[]) {
  try {
    const options = {
      port: { type: 'string' },
      data: { type: 'string' },
      help: { type: 'boolean' },
    } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new CliError(`${why}\n\n${startHelp}`, { cause: error });
  }
}
