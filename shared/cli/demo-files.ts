/** The demo's files are looked at before its work begins, which would be lost or in vain with a bad one. */
import { accessSync, closeSync, constants, openSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { dataExtensions, dataFormatOf } from '../core/data-format.ts';
import { CliError } from './cli-error.ts';
import { isFolder } from './is-folder.ts';

/** @throws CliError for what is no readable table of a format that jobs take. */
export function checkInput(file: string): void {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) throw new CliError(`--input: there is no file ${file}.`);
  if (!stats.isFile()) throw new CliError(`--input: ${file} is no regular file; name a file to score.`);
  if (dataFormatOf(file) === undefined) {
    throw new CliError(
      `--input: ${file} is of no format that can be scored; its name must end in one of ${dataExtensions.join(', ')}.`,
    );
  }
  if (stats.size === 0) throw new CliError(`--input: ${file} is empty; it needs a header line and rows.`);
  try {
    accessSync(file, constants.R_OK);
  } catch (cause) {
    throw new CliError(`--input: ${file} cannot be read by you; change its mode, or name another file.`, {
      cause,
    });
  }
}

/** @throws CliError for a place where no file can be written. One that is there keeps its content. */
export function checkOutput(file: string): void {
  const folder = dirname(file);
  if (!isFolder(folder)) {
    throw new CliError(`--output: there is no folder ${folder}; make it, or name a file elsewhere.`);
  }
  if (isFolder(file)) throw new CliError(`--output: ${file} is a folder; name a file in it.`);
  const before = statSync(file, { throwIfNoEntry: false });
  if (before !== undefined && !before.isFile()) return;
  try {
    closeSync(openSync(file, 'a'));
    if (before === undefined) rmSync(file);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(`--output: ${file} cannot be written (${why}); name a file elsewhere.`, { cause });
  }
}
