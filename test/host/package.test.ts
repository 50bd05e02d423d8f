/** What goes to Azure: all that the functions import, and nothing of the embedded host. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { repository } from './fixture-app.ts';

/** As Core Tools read `.funcignore`: a pattern is the beginning of a path, `*` stays within a folder. */
const left = readFileSync(join(repository, '.funcignore'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) =>
    line
      .slice(1)
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '[^/]+'),
  )
  .map((pattern) => new RegExp(`^${pattern}`));
const isLeftOut = (path: string): boolean => left.some((pattern) => pattern.test(path));

/** Files of ours that a source file imports, directly or not, itself included. */
function neededBy(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  const text = readFileSync(join(repository, path), 'utf8');
  for (const [, name = ''] of text.matchAll(/['"`](\.{1,2}\/[\w./-]+\.ts)['"`]/g)) {
    const next = relative(repository, resolve(repository, path, '..', name));
    if (existsSync(join(repository, next))) neededBy(next, found);
  }
  return found;
}

it('has every file that the functions need, compiled', () => {
  const needed = new Set<string>();
  // The last two are processes and threads of their own.
  const entries = globSync(['functions/*.ts', 'shared/vm/main.ts', 'shared/scoring/*.ts'], {
    cwd: repository,
  });
  for (const entry of entries) neededBy(entry, needed);
  expect(needed.size).toBeGreaterThan(150);
  const compiled = [...needed].map((path) => join('dist', path.replace(/\.ts$/, '.js')));
  expect(compiled.filter(isLeftOut)).toEqual([]);
  for (const path of ['host.json', 'package.json', 'node_modules/@azure/functions/package.json'])
    expect(isLeftOut(path)).toBe(false);
});

it('has neither the embedded host nor sources, tests and secrets', () => {
  for (const path of [
    'dist/shared/host/main.js',
    'dist/shared/cli/start.js',
    'shared/host/main.ts',
    'functions/jobs.ts',
    'test/host/package.test.ts',
    'local.settings.json',
    '.millpond/bench/full.json',
    '.git/config',
  ])
    expect([path, isLeftOut(path)]).toEqual([path, true]);
});
