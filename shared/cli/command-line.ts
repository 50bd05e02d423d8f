/** The options of every command, read and refused alike. */
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { didYouMean } from '../core/suggest.ts';
import { CliError } from './cli-error.ts';

type Values<O extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O }>
>['values'];

/**
 * @returns 'help' where that was asked for, whatever else was
 * @throws CliError for an option that is unknown or has no value, with the help below its sentence
 */
export function readOptions<const O extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: O,
  help: string,
): Values<O> | 'help' {
  if (args.includes('--help') || args.includes('-h')) return 'help';
  try {
    return parseArgs<{ args: string[]; options: O }>({ args: [...args], options }).values;
  } catch (cause) {
    throw new CliError(`${problemOf(cause, Object.keys(options))}\n\n${help}`, { cause });
  }
}

/** @throws CliError that says so */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new CliError(`${option} must be a whole number from ${min} to ${max}, but is "${text}".`);
}

/**
 * What an option like `--only TEXT` chooses.
 * @throws CliError with all the names where none has the text: to do nothing would look like success
 */
export function withText<T>(
  option: string,
  text: string,
  all: readonly T[],
  nameOf: (one: T) => string,
): readonly T[] {
  const chosen = all.filter((one) => nameOf(one).includes(text));
  if (chosen.length > 0) return chosen;
  throw new CliError(
    `${option} is "${text}", which none of the names has:\n  ${all.map(nameOf).join('\n  ')}`,
  );
}

/** For a script that has nothing to clean up yet: what `read` gives, or its sentence and the end of the process. */
export function sentenceOrExit<T>(name: string, exitCode: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    process.stderr.write(`${name}: ${error.message.trimEnd()}\n`);
    process.exit(exitCode);
  }
}

/** The same for its options, or the help and the end of the process. */
export function optionsOrExit<T>(
  { name, help, exitCode }: { readonly name: string; readonly help: string; readonly exitCode: number },
  read: () => T | 'help',
): T {
  const options = sentenceOrExit(name, exitCode, read);
  if (options !== 'help') return options;
  process.stdout.write(help);
  process.exit(0);
}

/** Node's own sentence; the rest of its message is about a syntax that no command here has. */
function problemOf(error: unknown, names: readonly string[]): string {
  const [said = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  const [unknown] = /^Unknown option '[^']*'/.exec(said) ?? [];
  if (unknown === undefined) return `${said.replace(/\.?$/, '')}.`;
  const given = unknown.replace(/^.*'--?|'$/g, '');
  return `${unknown}.${didYouMean(
    `--${given}`,
    names.map((name) => `--${name}`),
  )}`;
}
