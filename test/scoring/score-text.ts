/** Scores a text held in memory, in chunks of a chosen size: what most tests want of an engine. */
import { openEngine, type Engine } from '../../shared/scoring/engine.ts';
import type { ScoreJob, ScoreResult } from '../../shared/scoring/score-job.ts';

export type Scored = { readonly text: string; readonly bytes: Buffer; readonly result: ScoreResult };
export type ScoreOptions = Partial<Omit<ScoreJob, 'source' | 'write'>> & { readonly chunkBytes?: number };

/** The bytes in chunks; each chunk's memory is reused for the next, as sources are allowed to. */
export async function* chunksOf(bytes: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  const memory = new Uint8Array(chunkBytes);
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const part = bytes.subarray(at, at + chunkBytes);
    memory.set(part);
    yield memory.subarray(0, part.length);
  }
}

export async function score(
  engine: Engine,
  input: string | Uint8Array,
  options: ScoreOptions = {},
): Promise<Scored> {
  const { chunkBytes = 65_536, ...rest } = options;
  const bytes = typeof input === 'string' ? Buffer.from(input) : input;
  const written: Uint8Array[] = [];
  const result = await engine.score({
    sourceName: 'data.csv',
    ...rest,
    source: chunksOf(bytes, chunkBytes),
    write: async (chunk) => {
      written.push(Buffer.from(chunk));
    },
  });
  const output = Buffer.concat(written);
  return { text: output.toString(), bytes: output, result };
}

/** Opens a model for one function and closes it whatever happens. */
export async function withEngine<T>(
  modelBytes: Uint8Array,
  use: (engine: Engine) => Promise<T>,
  workers = 1,
): Promise<T> {
  const engine = await openEngine({ modelBytes, workers });
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

/** Scores one text with one model. */
export function scoreOnce(
  modelBytes: Uint8Array,
  input: string | Uint8Array,
  options: ScoreOptions = {},
): Promise<Scored> {
  return withEngine(modelBytes, (engine) => score(engine, input, options));
}
