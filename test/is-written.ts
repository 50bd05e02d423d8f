/** Whether a test that a document names is there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** `title` as it stands in the source, between its quotes. */
export type Proof = { readonly file: string; readonly title: string };

const root = join(import.meta.dirname, '..');

/** As a test, and not one that is skipped or still to be written. */
export function isWritten({ file, title }: Proof): boolean {
  if (!existsSync(join(root, file))) return false;
  const text = readFileSync(join(root, file), 'utf8');
  const quoted = [`'${title}'`, `"${title}"`, `\`${title}\``];
  return quoted.some((name) => {
    const at = text.indexOf(name);
    const before = text.slice(0, Math.max(at, 0)).trimEnd();
    return at >= 0 && /[^.\w](?:it|test)\(?$|\)\($/.test(before) && !/\.(?:skip|todo)\($/.test(before);
  });
}

/** Whoever formats a document may pad the cells of its tables. */
export function plainTable(markdown: string): string {
  return markdown.replaceAll(/ +\|/g, ' |').replaceAll(/\| +/g, '| ').replaceAll(/-{3,}/g, '---');
}
