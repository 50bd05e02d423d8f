/**
 * The engine alone, file to file, with one worker and with two, beside the peer on the same file, pair by pair; and what
 * file, scanner and kernel allow, measured between the rounds.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../shared/cli/places.ts';
import { census, censusRows, writeCensus } from './census-file.ts';
import type { Limits } from './engine-limits.ts';
import { measuresOf, type Round } from './engine-measures.ts';
import type { Scored } from './engine-process.ts';
import type { Measure } from './measures.ts';
import { dataFolder, findPeer, type Peer } from './peer.ts';

const run = promisify(execFile);

export type BenchedModel = {
  readonly id: 'lr' | 'gbdt' | 'forest';
  readonly what: string;
  /** Pairs in the quick profile, and which part of 0.1 GB each scores. */
  readonly rounds: number;
  readonly part: number;
};

const models: readonly BenchedModel[] = [
  { id: 'lr', what: 'logistic regression', rounds: 3, part: 1 },
  { id: 'gbdt', what: 'gradient boosting, 100 trees', rounds: 1, part: 1 },
  { id: 'forest', what: 'forest of 100 deep trees', rounds: 1, part: 0.5 },
];

/** Rows of a pair in the full profile, and how many pairs. */
const fullRows = 1_500_000;
const fullRounds = 5;
const gigabyte = 1_000_000_000;

/** @param skip is told in a sentence what is left out */
export async function benchEngine({
  full,
  skip,
}: {
  full: boolean;
  skip: (sentence: string) => void;
}): Promise<Measure[]> {
  const peer = await findPeer();
  if (typeof peer === 'string') skip(peer);
  const folder = mkdtempSync(join(tmpdir(), 'millpond-bench-'));
  const input = join(folder, 'input.csv');
  const bench = { folder, input, peer: typeof peer === 'string' ? undefined : peer };
  try {
    const measures: Measure[] = [];
    const file = await census(full ? fullRows : censusRows);
    for (const model of models) {
      const path = modelPath(model);
      if (path === undefined) {
        skip(`${model.what} is left out: there is no ${dataFolder}.`);
        continue;
      }
      await writeCensus(input, file, (full ? 1 : model.part) * (file.header.length + file.rows.length));
      const rounds: Round[] = [];
      while (rounds.length < (full ? fullRounds : model.rounds))
        rounds.push(await oneRound(bench, model, path));
      measures.push(...measuresOf(model, rounds));
    }
    for (const bytes of full ? [gigabyte, 10 * gigabyte] : []) {
      await writeCensus(input, file, bytes);
      measures.push(...(await oneSize(bench, bytes)));
    }
    return measures;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Bench = { readonly folder: string; readonly input: string; readonly peer: Peer | undefined };

function modelPath({ id }: BenchedModel): string | undefined {
  const path = join(dataFolder, `adult-${id}.onnx`);
  if (existsSync(path)) return path;
  return id === 'lr' ? join(projectRoot, 'shared/samples/adult-census/adult-lr.onnx') : undefined;
}

async function oneRound(bench: Bench, model: BenchedModel, path: string): Promise<Round> {
  const limits = await child<Limits>('engine-limits.ts', [path, bench.input, '0.5']);
  const peer = await scoreWithPeer(bench, model);
  const one = await scoreFile(bench, path, 1);
  const two = await scoreFile(bench, path, 2);
  if (one.rows !== two.rows || (peer !== undefined && peer.rows !== one.rows)) {
    throw new Error(`rows differ: ${one.rows}, ${two.rows} and ${peer?.rows}`);
  }
  return { limits, one, two, peer };
}

/** Logistic regression on a large file: the least work a row, so that everything else shows. */
async function oneSize(bench: Bench, bytes: number): Promise<Measure[]> {
  const [model] = models;
  const path = model === undefined ? undefined : modelPath(model);
  if (model === undefined || path === undefined) return [];
  const peer = await scoreWithPeer(bench, model);
  const two = await scoreFile(bench, path, 2);
  const size = `${bytes / gigabyte} GB`;
  const id = `engine-lr-${bytes / gigabyte}gb`;
  const perSecond = ({ rows, seconds }: Scored): number => rows / seconds;
  const rate = (what: string, scored: Scored) => ({
    what: `${what}, ${size}`,
    value: perSecond(scored),
    unit: 'rows/s' as const,
  });
  return [
    { id, ...rate(`${model.what}: two workers`, two) },
    { id: `${id}-peak`, what: '  its peak memory', value: two.peakMb, unit: 'MB' },
    ...(peer === undefined
      ? []
      : [
          { id: `${id}-peer`, ...rate('  the peer', peer) },
          {
            id: `${id}-ratio`,
            what: '  against the peer',
            value: perSecond(two) / perSecond(peer),
            unit: 'x' as const,
          },
        ]),
  ];
}

async function scoreWithPeer(
  { folder, input, peer }: Bench,
  { id }: BenchedModel,
): Promise<Scored | undefined> {
  const scored = await peer?.score(`adult-${id}`, input, join(folder, 'peer.csv'));
  return scored === undefined ? undefined : { ...scored, peakMb: scored.peak_mb };
}

function scoreFile({ folder, input }: Bench, path: string, workers: number): Promise<Scored> {
  return child('engine-process.ts', [path, input, join(folder, 'output.csv'), String(workers)]);
}

export async function child<T>(program: string, args: readonly string[]): Promise<T> {
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, program), ...args]);
  return JSON.parse(stdout) as T;
}
