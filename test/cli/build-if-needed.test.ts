/** dist/ is built when it is missing or older than a source, and only then. */
import { existsSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildIfNeeded } from '../../shared/cli/build-if-needed.ts';
import { fakeApp, type FakeApp } from './fake-app.ts';

let app: FakeApp;
beforeEach(() => {
  app = fakeApp();
});
afterEach(() => app.remove());

const dist = (file: string) => join(app.root, 'dist', file);

test('a fresh one is left alone', async () => {
  const why: string[] = [];
  expect(await buildIfNeeded(app.root, (text) => why.push(text))).toEqual({ kind: 'fresh' });
  expect(why).toEqual([]);
});

test('a missing one is built, a newer source builds again, then it is fresh; a file without source goes', async () => {
  const why: string[] = [];
  const build = () => buildIfNeeded(app.root, (text) => why.push(text));
  rmSync(join(app.root, 'dist'), { recursive: true });
  expect((await build()).kind).toBe('built');
  expect(existsSync(dist('functions/health.js'))).toBe(true);
  expect((await build()).kind).toBe('fresh');

  writeFileSync(join(app.root, 'shared/new.ts'), 'export const answer = 42;\n');
  writeFileSync(dist('functions/gone.js'), '');
  utimesSync(dist('.tsbuildinfo'), new Date(0), new Date(0));
  expect((await build()).kind).toBe('built');
  expect(existsSync(dist('shared/new.js'))).toBe(true);
  expect(existsSync(dist('functions/gone.js'))).toBe(false);
  expect((await build()).kind).toBe('fresh');
  expect(why).toEqual(['dist/ is missing', 'the sources are newer than dist/']);
});

test('sources that were only touched are built once', async () => {
  await buildIfNeeded(app.root, () => undefined);
  utimesSync(dist('.tsbuildinfo'), new Date(0), new Date(0));
  expect((await buildIfNeeded(app.root, () => undefined)).kind).toBe('built');
  utimesSync(dist('.tsbuildinfo'), new Date(0), new Date(0));
  expect((await buildIfNeeded(app.root, () => undefined)).kind).toBe('built');
  expect((await buildIfNeeded(app.root, () => undefined)).kind).toBe('fresh');
});

test('what the compiler refuses is shown, each time until it is mended', async () => {
  writeFileSync(join(app.root, 'functions/health.ts'), 'export const age: number = "old";\n');
  utimesSync(dist('.tsbuildinfo'), new Date(0), new Date(0));
  for (const _ of ['once', 'again']) {
    await expect(buildIfNeeded(app.root, () => undefined)).rejects.toThrow(
      /^The build failed .*\n.*health\.ts.*not assignable/,
    );
  }
});
