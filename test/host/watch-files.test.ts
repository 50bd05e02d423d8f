/** What becomes of the watching of files when the operating system gives it up. */
import { EventEmitter } from 'node:events';
import type { FSWatcher, WatchListener } from 'node:fs';
import { basename } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchFiles } from '../../shared/host/watch-files.ts';
import { cleanUp, writeApp } from './fixture-app.ts';

type Watch = {
  readonly folder: string;
  readonly emitter: EventEmitter;
  readonly changed: WatchListener<string>;
};
const watches: Watch[] = [];
const refused = new Set<string>();

vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  watch(folder: string, _options: object, changed: WatchListener<string>): FSWatcher {
    if (refused.has(basename(folder))) throw new Error('ENOSPC: no watcher is left');
    const emitter = Object.assign(new EventEmitter(), { close: () => undefined });
    watches.push({ folder, emitter, changed });
    return emitter as unknown as FSWatcher;
  },
}));

describe('the watching of files', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(async () => {
    vi.useRealTimers();
    watches.length = 0;
    refused.clear();
    await cleanUp();
  });
  const start = (folder: string): { said: string[]; changes: () => number; end: () => void } => {
    const said: string[] = [];
    let changes = 0;
    const end = watchFiles(
      folder,
      () => changes++,
      (sentence) => said.push(sentence),
    );
    return { said, changes: () => changes, end };
  };

  it('says which folder it has lost, and sees the others', () => {
    const folder = writeApp({ code: '' });
    const { said, changes } = start(folder);
    const [root, functions] = watches;
    expect([root?.folder, functions?.folder]).toEqual([folder, `${folder}/functions`]);
    functions?.emitter.emit('error', new Error('EMFILE: too many open files'));
    expect(said).toEqual([`Changes in ${folder}/functions are not seen: Error: EMFILE: too many open files`]);
    root?.changed('change', 'host.json');
    vi.advanceTimersByTime(1_000);
    expect(changes()).toBe(1);
  });

  it('says so where it cannot even begin', () => {
    refused.add('functions');
    const folder = writeApp({ code: '' });
    const { said } = start(folder);
    expect(said).toEqual([
      expect.stringContaining(`Changes in ${folder}/functions are not seen: Error: ENOSPC`),
    ]);
    expect(watches).toHaveLength(1);
  });

  it('counts a burst once, and neither dependencies nor data', () => {
    const { changes, end } = start(writeApp({ code: '' }));
    const changed = watches[0]?.changed;
    for (const file of ['a.js', 'b.mts', 'c.json']) changed?.('change', file);
    vi.advanceTimersByTime(1_000);
    expect(changes()).toBe(1);
    for (const file of ['node_modules/a.js', '.git/b.js', 'c.txt', 'sub/.d/e.js', null])
      changed?.('change', file);
    vi.advanceTimersByTime(1_000);
    expect(changes()).toBe(1);
    changed?.('change', 'a.js');
    end();
    vi.advanceTimersByTime(1_000);
    expect(changes()).toBe(1);
  });
});
