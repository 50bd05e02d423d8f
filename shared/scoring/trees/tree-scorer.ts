/** Scores batches with an ensemble: the runtime makes the numbers that trees look at, the rest happens here. */
import type { ScoredBatch } from '../read-outputs.ts';
import { openTrees, sumTrees, type Features } from './sum-trees.ts';
import type { TreeEnsemble } from './tree-ensemble.ts';
import type { TreeOutcome } from './tree-outcome.ts';

/** Scores `rows` rows; what it gives is written over by the next. */
export type TreeScorer = (features: Features, rows: number) => ScoredBatch;

/** Arrays for a batch: sums, and classes by index. */
type Room = { readonly sums: Float32Array; readonly indices: Int32Array };

const none = new Float32Array(0);

/** @param rowsMax of a batch */
export function createTreeScorer(ensemble: TreeEnsemble, outcome: TreeOutcome, rowsMax: number): TreeScorer {
  const walk = openTrees(ensemble);
  const { columns } = ensemble;
  const room: Room = { sums: new Float32Array(rowsMax * columns), indices: new Int32Array(rowsMax) };
  return (features, rows) => {
    const sums = room.sums.subarray(0, rows * columns);
    sumTrees(walk, features, rows, sums);
    if (outcome.kind === 'number') {
      finishNumbers(outcome, sums);
      return { label: { kind: 'numbers', values: sums }, probabilities: none, perRow: 0 };
    }
    if (outcome.kind === 'classes') finishClasses(outcome, columns, sums, room.indices);
    else finishTwo(outcome, sums, room.indices);
    return { label: { kind: 'index', indices: room.indices }, probabilities: sums, perRow: columns };
  };
}

function finishNumbers(
  { bases: [base = 0], divisor }: Extract<TreeOutcome, { kind: 'number' }>,
  sums: Float32Array,
): void {
  for (let i = 0; i < sums.length; i += 1) sums[i] = Math.fround(sums[i]! / divisor) + base;
}

function finishTwo({ kind, bases: [base = 0] }: TreeOutcome, sums: Float32Array, indices: Int32Array): void {
  const least = kind === 'share' ? 0.5 : 0;
  for (let i = 0; i < sums.length; i += 1) {
    const sum = Math.fround(sums[i]! + base);
    indices[i] = sum > least ? 1 : 0;
    sums[i] = kind === 'share' ? sum : logistic(sum);
  }
}

function finishClasses(
  { bases, transform }: Extract<TreeOutcome, { kind: 'classes' }>,
  columns: number,
  sums: Float32Array,
  indices: Int32Array,
): void {
  for (let first = 0, row = 0; first < sums.length; first += columns, row += 1) {
    let best = 0;
    for (let i = 0; i < columns; i += 1) {
      sums[first + i] = sums[first + i]! + bases[i]!;
      if (sums[first + i]! > sums[first + best]!) best = i;
    }
    indices[row] = best;
    if (transform === 'SOFTMAX') softmax(sums, first, columns, sums[first + best]!);
    else if (transform === 'LOGISTIC') {
      for (let i = first; i < first + columns; i += 1) sums[i] = logistic(sums[i]!);
    }
  }
}

const logistic = (sum: number): number => {
  const share = Math.fround(1 / (1 + Math.exp(-Math.abs(sum))));
  return sum < 0 ? 1 - share : share;
};

function softmax(sums: Float32Array, first: number, columns: number, greatest: number): void {
  let total = 0;
  for (let i = first; i < first + columns; i += 1) {
    sums[i] = Math.exp(sums[i]! - greatest);
    total += sums[i]!;
  }
  for (let i = first; i < first + columns; i += 1) sums[i] = sums[i]! / total;
}
