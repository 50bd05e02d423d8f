/** One Azurite at a time on a data directory: two would overwrite each other's files. A lock file with a pid says who. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { CliError } from './cli-error.ts';
import { makeDataFolder } from './data-folder.ts';
import { processAlive } from './process-alive.ts';

export type DataLock =
  | { readonly kind: 'locked'; release(): void }
  /** `pid`: the live process that holds it. */
  | { readonly kind: 'held'; readonly pid: number };

/** Files that this very process holds: a pid in a file may also be one of an earlier life of the machine. */
const ours = new Set<string>();

const contentSchema = z.object({ pid: z.int().positive() });

/** Locks the directory for this process; a lock whose process is gone is taken over. @throws CliError where nothing can be written */
export function lockData(directory: string): DataLock {
  const file = lockFile(directory);
  makeDataFolder(directory);
  for (;;) {
    try {
      writeFileSync(file, `${JSON.stringify({ pid: process.pid })}\n`, { flag: 'wx', mode: 0o600 });
      ours.add(file);
      return { kind: 'locked', release: () => release(file) };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'EEXIST') {
        throw new CliError(
          `No data can be written in ${directory} (${message}): name another folder with --data.`,
          { cause: error },
        );
      }
    }
    const pid = dataHolder(directory);
    if (pid !== undefined) return { kind: 'held', pid };
    rmSync(file, { force: true });
  }
}

/** The live process that holds the directory, if one does. */
export function dataHolder(directory: string): number | undefined {
  const file = lockFile(directory);
  const holder = readHolder(file);
  const held = holder === process.pid ? ours.has(file) : holder !== undefined && processAlive(holder);
  return held ? holder : undefined;
}

function lockFile(directory: string): string {
  return resolve(directory, 'azurite.lock');
}

function release(file: string): void {
  if (ours.delete(file)) rmSync(file, { force: true });
}

function readHolder(file: string): number | undefined {
  try {
    return contentSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).pid;
  } catch {
    return undefined;
  }
}
