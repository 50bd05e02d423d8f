/** The folder of `--data`, made when it is missing. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { CliError } from './cli-error.ts';
import { isFolder } from './is-folder.ts';

/** @throws CliError where there can be no such folder */
export function makeDataFolder(directory: string): void {
  try {
    make(directory);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(`There can be no data in ${directory} (${why}): name another folder with --data.`, {
      cause,
    });
  }
}

/**
 * One folder at a time: Node's recursive `mkdir` goes round for ever where a file system says that there is no such
 * folder to the making of one, as /proc does.
 */
function make(directory: string): void {
  if (isFolder(directory)) return;
  const parent = dirname(directory);
  if (parent !== directory) make(parent);
  try {
    mkdirSync(directory);
  } catch (error) {
    // Somebody else may have been quicker; a file in its place stays an error.
    if (!isFolder(directory)) throw error;
  }
}
