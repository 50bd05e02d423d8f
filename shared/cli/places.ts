/** Where things are on this machine: the project, its data, and what the user's relative paths are relative to. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The folder with host.json: the project's, from the sources and from dist/ alike. */
export const projectRoot = findRoot(import.meta.dirname);

export const defaultDataDirectory = join(projectRoot, '.millpond');

/** npm runs scripts in the project's folder and says in INIT_CWD where the user was. */
export function userPath(path: string): string {
  return resolve(process.env['INIT_CWD'] ?? process.cwd(), path);
}

function findRoot(directory: string): string {
  if (existsSync(join(directory, 'host.json'))) return directory;
  const parent = dirname(directory);
  if (parent === directory) throw new Error('places.ts: no host.json in any folder above this file');
  return findRoot(parent);
}
