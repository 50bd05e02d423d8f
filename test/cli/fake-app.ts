/** A project folder with the smallest app that counts as healthy: for tests of what surrounds the app. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const project = join(import.meta.dirname, '../..');

export type FakeApp = { readonly root: string; readonly data: string; remove(): void };

const health = `
import { app } from '@azure/functions';
app.setup({ enableHttpStream: true });
app.http('health', {
  route: 'health', methods: ['GET'], authLevel: 'anonymous',
  handler: async () => ({ status: 200, jsonBody: { status: 'ok', publicUrl: process.env.MILLPOND_PUBLIC_URL, tz: process.env.TZ } }),
});
`;

/** Built already; `dist/` is newer than its (empty) sources. */
export function fakeApp(): FakeApp {
  const root = mkdtempSync(join(tmpdir(), 'millpond-cli-'));
  for (const folder of ['functions', 'shared', 'dist/functions'])
    mkdirSync(join(root, folder), { recursive: true });
  for (const file of [
    'host.json',
    'package.json',
    'local.settings.sample.json',
    'tsconfig.json',
    'tsconfig.build.json',
  ]) {
    copyFileSync(join(project, file), join(root, file));
  }
  writeFileSync(join(root, 'functions', 'health.ts'), 'export {};\n');
  symlinkSync(join(project, 'node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, 'dist/functions/health.js'), health);
  writeFileSync(join(root, 'dist/.tsbuildinfo'), '{}');
  return { root, data: join(root, 'data'), remove: () => rmSync(root, { recursive: true, force: true }) };
}
