/** The engine alone, file to file, in a process of its own: `MODEL INPUT OUTPUT WORKERS`. Prints JSON. */
import { createReadStream, existsSync, readFileSync } from 'node:fs';
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
const scored: Scored = { rows, seconds, peakMb: peakMb() };
process.stdout.write(JSON.stringify(scored));

/** Under Linux what the system counts for `maxRSS` begins with what the parent had at the time of the fork. */
function peakMb(): number {
  const status = '/proc/self/status';
  const peak = existsSync(status) ? /VmHWM:\s+(\d+) kB/.exec(readFileSync(status, 'utf8'))?.[1] : undefined;
  return Number(peak ?? process.resourceUsage().maxRSS) / 1_024;
}
