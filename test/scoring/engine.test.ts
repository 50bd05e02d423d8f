/** How an engine behaves over jobs: order, back-pressure, aborts, failures on either side, and leaving nothing behind. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEngine, type Engine } from '../../shared/scoring/engine.ts';
import { ScoringError } from '../../shared/scoring/scoring-error.ts';
import { echoModel, ml, model, node, value } from './onnx-fixtures.ts';
import { chunksOf, score } from './score-text.ts';

/** One for all tests: that it works after each of them is what many of them are about. */
let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ modelBytes: echoModel('n', 'int64'), workers: 2 });
});
afterAll(async () => {
  await engine.close();
});

const rows = (count: number): string => `n\n${Array.from({ length: count }, (_, i) => i).join('\n')}\n`;
const scoredRows = (count: number): string =>
  `n,Scored Labels\n${Array.from({ length: count }, (_, i) => `${i},${i}`).join('\n')}\n`;

async function stillWorks(): Promise<void> {
  expect((await score(engine, rows(3))).text).toBe(scoredRows(3));
}

/** An endless file that counts what was taken of it. */
function endless(): { source: AsyncIterable<Uint8Array>; taken: () => number; returned: () => boolean } {
  let taken = 0;
  let returned = false;
  const chunk = Buffer.from('1\n'.repeat(1000));
  async function* generate(): AsyncGenerator<Uint8Array> {
    try {
      yield Buffer.from('n\n');
      for (;;) {
        taken += chunk.length;
        yield chunk;
      }
    } finally {
      returned = true;
    }
  }
  return { source: generate(), taken: () => taken, returned: () => returned };
}

describe('order and memory', () => {
  test('rows keep their order over many blocks and workers', async () => {
    const progress: number[] = [];
    let bytes = 0;
    const { text, result } = await score(engine, rows(20_000), {
      limits: { blockBytes: 200 },
      onProgress: (done, bytesDone) => {
        progress.push(done);
        bytes = bytesDone;
      },
    });
    expect(bytes).toBe(rows(20_000).length);
    expect(text).toBe(scoredRows(20_000));
    expect(result).toEqual({
      rows: 20_000,
      bytesIn: rows(20_000).length,
      bytesOut: text.length,
      rowErrors: { count: 0, byReason: {} },
      unseen: {},
    });
    expect(progress.length).toBeGreaterThan(100);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress.at(-1)).toBe(20_000);
  });

  test('a source hears which rows nothing more is asked about', async () => {
    const written: number[] = [];
    const asked: number[] = [];
    const lineOf = (row: number): number => {
      asked.push(row);
      expect(row).toBeGreaterThan(written.at(-1) ?? 0);
      return row;
    };
    const input = `n\n${'1\nx\n'.repeat(500)}`;
    await score(engine, input, {
      limits: { blockBytes: 20 },
      rowErrors: { kind: 'skip' },
      writeErrors: () => Promise.resolve(),
      origin: { lineOf, written: (row) => written.push(row) },
    });
    expect(asked).toHaveLength(500);
    expect(written.length).toBeGreaterThan(50);
    expect(written.at(-1)).toBe(1_000);
  });

  test('a writer that waits stops the source', async () => {
    const { source, taken } = endless();
    const abort = new AbortController();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let writes = 0;
    let reachedSecond = (): void => {};
    const secondWrite = new Promise<void>((resolve) => (reachedSecond = resolve));
    const job = engine.score({
      source,
      sourceName: 'data.csv',
      signal: abort.signal,
      limits: { blockBytes: 1000 },
      write: async () => {
        writes++;
        if (writes < 2) return;
        reachedSecond();
        await held;
      },
    });
    const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    await secondWrite;
    // All that may move has moved when the amount taken no longer changes over many turns of the loop.
    let before = -1;
    for (let calm = 0; calm < 200; calm = taken() === before ? calm + 1 : 0) {
      before = taken();
      await turnOfLoop();
    }
    expect(writes).toBe(2);
    expect(taken()).toBeLessThan(20_000);
    release();
    abort.abort(new Error('enough'));
    await expect(job).rejects.toThrow('enough');
    await stillWorks();
  });

  test('jobs given at the same time run one after the other', async () => {
    const outputs = await Promise.all([
      score(engine, rows(1000)),
      score(engine, rows(10)),
      score(engine, rows(500)),
    ]);
    expect(outputs.map(({ text }) => text)).toEqual([scoredRows(1000), scoredRows(10), scoredRows(500)]);
  });
});

describe('aborts', () => {
  test('in the middle of an endless file', async () => {
    const { source, returned } = endless();
    const abort = new AbortController();
    const reason = new Error('the VM must go');
    const job = engine.score({
      source,
      sourceName: 'data.csv',
      signal: abort.signal,
      write: async () => {},
      onProgress: (done) => {
        if (done > 100_000) abort.abort(reason);
      },
    });
    await expect(job).rejects.toBe(reason);
    expect(returned()).toBe(true);
    await stillWorks();
  });

  test('while the source hangs', async () => {
    const abort = new AbortController();
    async function* hangs(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('n\n1\n');
      queueMicrotask(() => abort.abort());
      await new Promise(() => {});
    }
    const job = engine.score({
      source: hangs(),
      sourceName: 'data.csv',
      signal: abort.signal,
      write: async () => {},
    });
    await expect(job).rejects.toThrow(/aborted/);
    await stillWorks();
  });

  test('while the writer hangs', async () => {
    const abort = new AbortController();
    const write = async (): Promise<void> => {
      queueMicrotask(() => abort.abort());
      await new Promise(() => {});
    };
    const source = chunksOf(Buffer.from(rows(10)), 100);
    await expect(
      engine.score({ source, sourceName: 'data.csv', signal: abort.signal, write }),
    ).rejects.toThrow(/aborted/);
    await stillWorks();
  });

  test('before it began', async () => {
    await expect(
      score(engine, rows(1), { signal: AbortSignal.abort(new Error('never mind')) }),
    ).rejects.toThrow('never mind');
    await stillWorks();
  });

  test('while another job runs', async () => {
    const first = endless();
    const stopFirst = new AbortController();
    const running = engine.score({
      source: first.source,
      sourceName: 'a',
      signal: stopFirst.signal,
      write: async () => {},
    });
    const abort = new AbortController();
    const waiting = score(engine, rows(1), { signal: abort.signal });
    abort.abort(new Error('not waiting'));
    await expect(waiting).rejects.toThrow('not waiting');
    stopFirst.abort(new Error('stop'));
    await expect(running).rejects.toThrow('stop');
    await stillWorks();
  });
});

describe('failures', () => {
  test('of the source', async () => {
    async function* breaks(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(rows(5000));
      throw new Error('connection lost');
    }
    const job = engine.score({
      source: breaks(),
      sourceName: 'data.csv',
      write: async () => {},
      limits: { blockBytes: 100 },
    });
    await expect(job).rejects.toThrow('connection lost');
    await stillWorks();
  });

  test('of the writer: it is not called again', async () => {
    let writes = 0;
    const { source, returned } = endless();
    const write = async (): Promise<void> => {
      if (++writes === 3) throw new Error('disk full');
    };
    await expect(engine.score({ source, sourceName: 'data.csv', write })).rejects.toThrow('disk full');
    expect(writes).toBe(3);
    expect(returned()).toBe(true);
    await stillWorks();
  });

  test('of the model', async () => {
    // A category that the encoder does not know, and is told to refuse.
    const strict = model({
      inputs: [value('s', 'string')],
      outputs: [value('y', 'float32', ['N', 1])],
      nodes: [
        node('OneHotEncoder', ['s'], ['hot'], { cats_strings: ['a'], zeros: 0 }, ml),
        node('Constant', [], ['shape'], { value_ints: { ints: [-1, 1] } }),
        node('Reshape', ['hot', 'shape'], ['y']),
      ],
    });
    const own = await openEngine({ modelBytes: strict });
    const error: unknown = await score(own, 's\na\nb\n').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ScoringError);
    expect(error).toMatchObject({ code: 'ModuleExecutionError' });
    expect((error as Error).message).toMatch(/^data\.csv, after line 1: The model failed: /);
    expect((await score(own, 's\na\n')).text).toBe('s,Scored Labels\na,1\n');
    await own.close();
  });

  test('of a model that cannot be opened', async () => {
    await expect(openEngine({ modelBytes: Buffer.from('hello') })).rejects.toMatchObject({
      code: 'ModuleExecutionError',
      message: 'The model cannot be opened: The file is not an ONNX model.',
    });
    const unknown = model({
      inputs: [value('x', 'float32')],
      outputs: [value('y', 'float32')],
      nodes: [node('NoSuchOperator', ['x'], ['y'])],
    });
    await expect(openEngine({ modelBytes: unknown, workers: 2 })).rejects.toThrow(/NoSuchOperator/);
    await expect(openEngine({ modelPath: '/nowhere/model.onnx' })).rejects.toThrow(/ENOENT/);
    await expect(openEngine({ modelBytes: unknown, workers: 0 })).rejects.toThrow(RangeError);
  });
});

describe('the end', () => {
  test('close waits for jobs, may be called twice, and refuses what comes later', async () => {
    const own = await openEngine({ modelBytes: echoModel('n', 'int64') });
    const job = score(own, rows(5000));
    const closed = Promise.all([own.close(), own.close()]);
    expect((await job).text).toBe(scoredRows(5000));
    await closed;
    await expect(score(own, rows(1))).rejects.toThrow('closed');
  });

  test.each(['closed', 'left open'])('a process ends by itself with an engine %s', async (how) => {
    const shared = new URL('../../shared/scoring/', import.meta.url);
    const fixtures = fileURLToPath(new URL('./onnx-fixtures.ts', import.meta.url));
    const script = `
      import { openEngine } from '${new URL('engine.ts', shared).href}';
      import { echoModel } from '${fixtures}';
      const engine = await openEngine({ modelBytes: echoModel('n', 'int64'), workers: 2 });
      const source = (async function* () { yield Buffer.from('n\\n1\\n2\\n'); })();
      const result = await engine.score({ source, sourceName: 'a', write: async (chunk) => process.stdout.write(chunk) });
      if ('${how}' === 'closed') await engine.close();
    `;
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 20_000,
    });
    const { stdout } = await run;
    expect(stdout).toBe('n,Scored Labels\n1,1\n2,2\n');
  });
});
