/** The engine alone, file to file, in a process of its own: `MODEL INPUT OUTPUT WORKERS`. Prints JSON. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { openEngine } from '../../shared/scoring/engine.ts';

/** As the peer counts: without start and model. */
export type Scored = { readonly rows: number; readonly seconds: number; readonly peakMb: number };

const [modelPath = '', input = '', output = '', workers = ''] = process.argv.slice(2);
const engine = await openEngine({ modelPath, workers: Number(workers) });
const file = await open(output, 'w');
const beganMs = performance.now();
const { rows } = await engine.score({
  source: createReadStream(input, { highWaterMark: 256 * 1024 }),
  sourceName: 'input.csv',
  write: (chunk) => file.appendFile(chunk),
});
const seconds = (performance.now() - beganMs) / 1_000;
await file.close();
await engine.close();
const scored: Scored = { rows, seconds, peakMb: process.resourceUsage().maxRSS / 1_024 };
process.stdout.write(JSON.stringify(scored));
