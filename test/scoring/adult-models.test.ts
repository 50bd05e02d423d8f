/** Models and rows of real data, against the probabilities scikit-learn gave for each of them. */
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { openEngine } from '../../shared/scoring/engine.ts';

const data = fileURLToPath(new URL('../../../shared/data/', import.meta.url));
const present = existsSync(`${data}adult.csv`);
if (!present) process.stdout.write(`adult-models: skipped, there is no ${data}adult.csv\n`);

const files = ['adult.csv', 'adult-test.csv'];
const cases = [
  ['adult-lr.onnx', 'adult-lr.expected.f64', 1],
  ['adult-lr-zipmap.onnx', 'adult-lr.expected.f64', 2],
  ['adult-gbdt.onnx', 'adult-gbdt.expected.f64', 2],
  ['adult-forest.onnx', 'adult-forest.expected.f64', 2],
] as const;

/** Label and probability of the second class, from the last two columns of the output. */
async function scoreFiles(model: string, workers: number): Promise<{ label: string; probability: number }[]> {
  const engine = await openEngine({ modelPath: data + model, workers });
  try {
    const scores: { label: string; probability: number }[] = [];
    for (const file of files) {
      const chunks: Uint8Array[] = [];
      const write = async (chunk: Uint8Array): Promise<void> => void chunks.push(Buffer.from(chunk));
      await engine.score({ source: createReadStream(data + file), sourceName: file, write });
      const output = Buffer.concat(chunks).toString();
      const lines = output.trimEnd().split('\n');
      expect(lines[0]).toMatch(/,income,Scored Labels,Scored Probabilities$/);
      const own = readFileSync(data + file, 'utf8')
        .trimEnd()
        .split('\n');
      expect(lines).toHaveLength(own.length);
      for (let i = 1; i < lines.length; i++) {
        const line = lines[i] ?? '';
        if (!line.startsWith(`${own[i]},`)) expect.fail(`${file}: line ${i + 1} is not its input's: ${line}`);
        const [label = '', probability = ''] = line.slice((own[i] ?? '').length + 1).split(',');
        scores.push({ label, probability: Number(probability) });
      }
    }
    return scores;
  } finally {
    await engine.close();
  }
}

describe.skipIf(!present)('adult models', () => {
  test.each(cases)('%s agrees with scikit-learn on every row', async (model, expectedFile, workers) => {
    const expected = readFileSync(data + expectedFile);
    const probabilities = new Float64Array(expected.buffer, expected.byteOffset, expected.length / 8);
    const scores = await scoreFiles(model, workers);
    expect(scores).toHaveLength(48_842);
    let worst = 0;
    let otherLabels = 0;
    scores.forEach(({ label, probability }, i) => {
      const [first = Number.NaN, second = Number.NaN] = probabilities.subarray(i * 2, i * 2 + 2);
      worst = Math.max(worst, Math.abs(probability - second));
      if (label !== (second > first ? '>50K' : '<=50K')) otherLabels++;
    });
    expect(worst).toBeLessThan(1e-6);
    expect(otherLabels).toBe(0);
  });

  test('the oracle reads the same columns from the output', async () => {
    const engine = await openEngine({ modelPath: `${data}adult-lr.onnx` });
    const chunks: Uint8Array[] = [];
    const write = async (chunk: Uint8Array): Promise<void> => void chunks.push(Buffer.from(chunk));
    await engine.score({
      source: createReadStream(`${data}adult-test.csv`),
      sourceName: 'adult-test.csv',
      write,
    });
    await engine.close();
    const own = parse(readFileSync(`${data}adult-test.csv`));
    const scored = parse(Buffer.concat(chunks));
    expect(scored.map((row) => row.slice(0, -2))).toEqual(own);
  });
});
