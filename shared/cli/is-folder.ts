import { statSync } from 'node:fs';

/** False where there is nothing, or something else. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
