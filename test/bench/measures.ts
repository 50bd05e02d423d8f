/**
 * What a bench gives: numbers, each with its target and where the target comes from; medians, since the machine is
 * shared.
 */

const units = [
  'ms',
  's',
  'x',
  '%',
  'per job',
  'rows',
  'rows/s',
  'jobs/s',
  'calls',
  'trips',
  'polls/s',
  'MB',
  'MB/s',
] as const;

export type Measure = {
  /** Stable, for whoever compares two runs: `start-to-running-median`. */
  readonly id: string;
  readonly what: string;
  readonly value: number;
  readonly unit: (typeof units)[number];
  readonly target?: Target;
};

export type Target = {
  readonly text: string;
  readonly met: boolean;
  /** `counted` ones are exact and fail the run; `timed` ones depend on the machine and are only reported. */
  readonly kind: 'counted' | 'timed';
  /** Why it lies where it lies: what was measured, on what. */
  readonly basis: string;
};

export function atMost(
  value: number,
  limit: number,
  unit: string,
  kind: Target['kind'],
  basis: string,
): Target {
  return { text: `<= ${limit} ${unit}`, met: value <= limit, kind, basis };
}

export function atLeast(
  value: number,
  limit: number,
  unit: string,
  kind: Target['kind'],
  basis: string,
): Target {
  return { text: `>= ${limit} ${unit}`, met: value >= limit, kind, basis };
}

export function exactly(value: number, wanted: number, basis: string): Target {
  return { text: `= ${wanted}`, met: value === wanted, kind: 'counted', basis };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** @param part 0 to 1; the nearest rank */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)];
  if (value === undefined) throw new Error('no values to take a quantile of');
  return value;
}
