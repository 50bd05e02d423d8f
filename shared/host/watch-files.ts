/**
 * Tells when a file of the app changes, once for a burst of changes. Dependencies, data and dot folders do not count.
 */
import { readdirSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';

const settleMs = 200;

/** @param say told of folders whose changes cannot be seen, or no more; the others are watched on
 * @returns what ends the watching */
export function watchFiles(
  scriptRoot: string,
  onChange: () => void,
  say: (sentence: string) => void,
): () => void {
  const watchers: FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  const changed = (_event: string, file: string | null): void => {
    if (file === null || !/\.(?:[cm]?[jt]s|json)$/.test(file) || /(?:^|[\\/])(?:node_modules|\.)/.test(file))
      return;
    clearTimeout(timer);
    timer = setTimeout(onChange, settleMs);
  };
  const unseen = (folder: string, error: unknown): void =>
    say(`Changes in ${folder} are not seen: ${String(error)}`);
  const watchFolder = (folder: string, recursive: boolean): void => {
    try {
      watchers.push(watch(folder, { recursive }, changed).on('error', (error) => unseen(folder, error)));
    } catch (error) {
      unseen(folder, error);
    }
  };
  watchFolder(scriptRoot, false);
  for (const entry of readdirSync(scriptRoot, { withFileTypes: true }))
    if (entry.isDirectory() && entry.name !== 'node_modules' && !entry.name.startsWith('.'))
      watchFolder(join(scriptRoot, entry.name), true);
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}
