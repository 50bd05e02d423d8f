/** The model check: what is accepted, what is refused and why, and that the file is never opened in this process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { checkModel, type ModelCheck } from '../../shared/scoring/model-check.ts';
import { echoModel, hardWork, linearClassifier, model, node, rowSum, value } from './onnx-fixtures.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millpond-check-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

let files = 0;
async function check(
  bytes: Uint8Array | string,
  limits: { timeoutMs?: number; memoryMb?: number } = {},
): Promise<ModelCheck> {
  const path = join(folder, `${files++}.onnx`);
  await writeFile(path, bytes);
  return await checkModel({ path, timeoutMs: 20_000, memoryMb: 1024, ...limits });
}

async function reasonOf(
  bytes: Uint8Array | string,
  limits: { timeoutMs?: number; memoryMb?: number } = {},
): Promise<string> {
  const verdict = await check(bytes, limits);
  return verdict.kind === 'refused' ? verdict.reason : 'accepted';
}

describe('accepted', () => {
  test('a classifier with ZipMap, with all that a swagger needs', async () => {
    const verdict = await check(linearClassifier(['no', 'yes'], [0, 2], true));
    expect(verdict).toEqual({
      kind: 'ok',
      model: {
        inputs: [{ name: 'x', type: 'float32', width: 1 }],
        outputs: [
          { name: 'label', type: 'string', role: 'label' },
          { name: 'probabilities', type: 'float32', role: 'probabilities' },
        ],
        task: { kind: 'binary', labels: ['no', 'yes'] },
        columns: [
          { name: 'Scored Labels', type: 'string' },
          { name: 'Scored Probabilities', type: 'float64' },
        ],
      },
    });
    expect(JSON.parse(JSON.stringify(verdict))).toEqual(verdict);
  });

  test('a regression over named columns', async () => {
    const verdict = await check(rowSum(2, ['a', 'b']));
    expect(verdict).toMatchObject({
      kind: 'ok',
      model: {
        inputs: [{ name: 'features', type: 'float32', width: 2, columns: ['a', 'b'] }],
        task: { kind: 'regression' },
      },
    });
  });
});

const refusals: [string, () => Uint8Array | string, RegExp][] = [
  ['text', () => 'hello', /^The file is not an ONNX model\.$/],
  [
    'an unsupported type',
    () => echoModel('half', 'float16'),
    /^Input 'half' has the type float16, which is not/,
  ],
  [
    'an operator nobody knows',
    () =>
      model({
        inputs: [value('x', 'float32')],
        outputs: [value('y', 'float32')],
        nodes: [node('NoSuchOperator', ['x'], ['y'])],
      }),
    /^The model cannot be opened: .*NoSuchOperator/,
  ],
  [
    'an output of another shape than rows',
    () =>
      model({
        inputs: [value('x', 'float32')],
        outputs: [value('y', 'float32')],
        nodes: [node('ReduceSum', ['x'], ['y'], { keepdims: 1 })],
      }),
    /^The model fails on a trial row: The model's output 'y' has the shape \[1, 1\] for 2 rows\.$/,
  ],
];

function varint(n: number): Buffer {
  const bytes: number[] = [];
  for (let rest = n; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

describe('refused', () => {
  test.each(refusals)('%s', async (_, make, reason) => {
    expect(await reasonOf(make())).toMatch(reason);
  });

  test('a file that is too large', async () => {
    expect(await reasonOf(Buffer.alloc((256 << 18) + 1), { memoryMb: 256 })).toBe(
      'The model is too large: 67108865 bytes, at most 67108864 are allowed.',
    );
  });

  test('a check that takes too long', async () => {
    expect(await reasonOf(rowSum(1), { timeoutMs: 1 })).toBe('The model could not be checked within 1 ms.');
  });

  test('a model that works without end', async () => {
    const beganMs = performance.now();
    expect(await reasonOf(hardWork(8_000), { timeoutMs: 2_000 })).toBe(
      'The model could not be checked within 2000 ms.',
    );
    expect(performance.now() - beganMs).toBeLessThan(10_000);
  });

  test('a file that makes the runtime crash', async () => {
    // Graphs within graphs: fields 1 (node), 5 (attribute) and 6 (graph), and around all of them 7 (the model's graph).
    const parts: Buffer[] = [];
    let bytes = 0;
    for (let level = 0; level < 60_000; level++) {
      const field = level === 59_999 ? 7 : ([6, 5, 1][level % 3] ?? 1);
      const head = Buffer.concat([Buffer.from([field * 8 + 2]), varint(bytes)]);
      parts.push(head);
      bytes += head.byteLength;
    }
    expect(await reasonOf(Buffer.concat(parts.toReversed()))).toMatch(
      /^The (model made the runtime crash|file is not an ONNX model)\.$/,
    );
  });

  test('a model that takes too much memory', async () => {
    // One row becomes 16 GB: the shape is in the model, a few bytes.
    const bomb = model({
      inputs: [value('x', 'float32')],
      outputs: [value('y', 'float32')],
      nodes: [
        node('Constant', [], ['shape'], { value_ints: { ints: [2, 2 ** 20] } }),
        node('Expand', ['x', 'shape'], ['big']),
        node('Constant', [], ['shape2'], { value_ints: { ints: [2000, 2, 2 ** 20] } }),
        node('Expand', ['big', 'shape2'], ['huge']),
        node('ReduceMax', ['huge'], ['m'], { axes: { ints: [0, 2] }, keepdims: 0 }),
        node('Constant', [], ['column'], { value_ints: { ints: [-1, 1] } }),
        node('Reshape', ['m', 'column'], ['y']),
      ],
    });
    expect(await reasonOf(bomb, { memoryMb: 512 })).toBe(
      'The model takes more memory than the 512 MiB allowed.',
    );
  });
});

describe('a check in native code, which hears nothing', () => {
  const program = fileURLToPath(new URL('./check-program.ts', import.meta.url));
  const start = async (timeoutMs: number) => {
    const path = join(folder, `${files++}.onnx`);
    await writeFile(path, hardWork(8_000));
    const parent = spawn(process.execPath, [program, path, `${timeoutMs}`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // Both processes write to it: it ends with the later one.
    let state: 'running' | 'ended' = 'running';
    const ended = once(parent.stderr.resume(), 'end').then(() => (state = 'ended'));
    const [pid] = (await once(parent.stdout, 'data')) as [Buffer];
    onTestFinished(() => {
      if (state === 'running') {
        parent.kill('SIGKILL');
        process.kill(Number(pid), 'SIGKILL');
      }
    });
    return { parent, ended };
  };

  test('ends with the process that asked for it', async () => {
    const { parent, ended } = await start(600_000);
    parent.kill('SIGKILL');
    await ended;
  });

  test('ends itself when its time is over', async () => {
    const { parent, ended } = await start(300);
    expect(await once(parent, 'exit')).toEqual([0, null]);
    await ended;
  });
});

test("a file that is not there is the caller's fault", async () => {
  await expect(checkModel({ path: join(folder, 'none'), timeoutMs: 1000, memoryMb: 256 })).rejects.toThrow(
    /ENOENT/,
  );
});
