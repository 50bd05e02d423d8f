/**
 * What the engine cannot be faster than, in a process of its own: `MODEL INPUT SECONDS`; reading the file, the scanner
 * alone and the runtime's kernel alone, the two on one core. Prints JSON.
 */
import { createReadStream, readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-node';
import { bindColumns } from '../../shared/scoring/bind-columns.ts';
import { createBlockCutter, type Block } from '../../shared/scoring/block-cutter.ts';
import { byteBlock } from '../../shared/scoring/byte-block.ts';
import { comma, lineFeed } from '../../shared/scoring/csv-bytes.ts';
import { readHeader } from '../../shared/scoring/header.ts';
import { prepareGraph } from '../../shared/scoring/prepare-graph.ts';
import { scanRows } from '../../shared/scoring/scan-rows.ts';
import { createBlockScorer } from '../../shared/scoring/score-block.ts';
import { scoringLimits } from '../../shared/scoring/scoring-limits.ts';
import { sessionOptions } from '../../shared/scoring/session-options.ts';

export type Limits = {
  readonly readMbPerSecond: number;
  readonly scanMbPerSecond: number;
  readonly scanRowsPerSecond: number;
  readonly kernelRowsPerSecond: number;
};

const warmUpBlocks = 16;

const [modelPath = '', input = '', seconds = ''] = process.argv.slice(2);
const { bytes, info, plan } = prepareGraph(readFileSync(modelPath), 'plain');
const session = await ort.InferenceSession.create(bytes, sessionOptions);
const readMbPerSecond = await readAlone();
const file = readFileSync(input);
const opened = readHeader(file, comma, true);
if (opened.kind !== 'header') throw new Error('the input has no header');
const { names, next } = opened.header;
const slots = bindColumns(info.inputs, names, {}, 'input.csv');
const rowPlan = { delimiter: comma, columnCount: names.length, slots, rowErrors: 'fail' } as const;
const scorer = createBlockScorer(session, plan, rowPlan, new Int32Array(1));
const cutter = createBlockCutter({ ...scoringLimits, delimiter: comma, sparesMax: 0 });
const blocks = [...cutter.push(file.subarray(next))];

for (const block of blocks.slice(0, warmUpBlocks)) await scan(block, runKernel);
const scanned = await timed((block) => scan(block, async () => 0));
const kernel = await timed((block) => scan(block, runKernel));
const limits: Limits = {
  readMbPerSecond,
  scanMbPerSecond: scanned.bytes / scanned.ms / 1_000,
  scanRowsPerSecond: (1_000 * scanned.rows) / scanned.ms,
  kernelRowsPerSecond: (1_000 * kernel.rows) / kernel.insideMs,
};
process.stdout.write(JSON.stringify(limits));
await session.release();

async function readAlone(): Promise<number> {
  const beganMs = performance.now();
  let sum = 0;
  for await (const chunk of createReadStream(input, { highWaterMark: 256 * 1024 })) {
    sum += (chunk as Buffer).length;
  }
  return sum / (performance.now() - beganMs) / 1_000;
}

/** Rows of a block, and the milliseconds spent inside `run`. */
async function scan({ buffer, length }: Block, run: () => Promise<number>) {
  const block = byteBlock(buffer);
  block.bytes[length] = lineFeed;
  let rows = 0;
  let insideMs = 0;
  for (scorer.scan.position = 0; scorer.scan.position < length;) {
    scorer.feeds.begin();
    if (scanRows(scorer.scan, block, length) === 'stopped') throw new Error('a row cannot be read');
    rows += scorer.scan.rows;
    insideMs += await run();
  }
  return { rows, insideMs };
}

async function runKernel(): Promise<number> {
  const feeds = scorer.feeds.tensors(scorer.scan.rows);
  const beganMs = performance.now();
  await session.run(feeds, scorer.reader.fetches(scorer.scan.rows));
  return performance.now() - beganMs;
}

/** Block after block, until the time is over. */
async function timed(one: (block: Block) => ReturnType<typeof scan>) {
  const sum = { rows: 0, bytes: 0, ms: 0, insideMs: 0 };
  const beganMs = performance.now();
  for (let n = 0; sum.ms < 1_000 * Number(seconds); n += 1) {
    const block = blocks[n % blocks.length];
    if (block === undefined) throw new Error('the input is too small');
    const { rows, insideMs } = await one(block);
    sum.rows += rows;
    sum.bytes += block.length;
    sum.insideMs += insideMs;
    sum.ms = performance.now() - beganMs;
  }
  return sum;
}
