/**
 * Tells when a file of the app changes, once for a burst of changes. Dependencies, data and dot folders do not count.
 */
import { readdirSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';

const settleMs = 200;

/** @returns what ends the watching */
export function watchFiles(scriptRoot: string, onChange: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const changed = (_event: string, file: string | null): void => {
    if (file === null || !/\.(?:[cm]?[jt]s|json)$/.test(file) || /(?:^|[\\/])(?:node_modules|\.)/.test(file))
      return;
    clearTimeout(timer);
    timer = setTimeout(onChange, settleMs);
  };
  const folders = readdirSync(scriptRoot, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && entry.name !== 'node_modules' && !entry.name.startsWith('.'),
  );
  const watchers: FSWatcher[] = [watch(scriptRoot, changed)];
  for (const { name } of folders) watchers.push(watch(join(scriptRoot, name), { recursive: true }, changed));
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}
