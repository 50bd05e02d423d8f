/** What a job does about rows that cannot be scored, as its GlobalParameters say it (api.md, "Service"). Pure. */
import { badArgument, shown, type Refused } from './refusal.ts';
import { didYouMean } from './suggest.ts';

/** Names of GlobalParameters that every web service has; its own may not begin like this. */
export const ownParameterPrefix = 'millpond.';

export const rowErrorParameters = {
  policy: 'millpond.rowErrors',
  countMax: 'millpond.maxRowErrors',
  shareMax: 'millpond.maxRowErrorShare',
} as const;

export type RowErrorPolicy =
  /** The job fails at its first bad row. */
  | { readonly kind: 'fail' }
  /** `skip`: a bad row is left out; `blank`: it stands, its scored columns empty. Beyond a limit the job fails. */
  | {
      readonly kind: 'skip' | 'blank';
      /** Most bad rows, 0 or more. Default: any number. */
      readonly countMax?: number;
      /** Most bad rows as a part of all rows, 0 to 1. Default 1. */
      readonly shareMax?: number;
    };

/** `byReason` adds up to `count`; its keys are the texts of the error file's column `reason`. */
export type RowErrorCounts = {
  readonly count: number;
  readonly byReason: Readonly<Record<string, number>>;
};

/** Rows with a text that the model's encoder does not know. `byColumn` may leave columns out. */
export type UnseenCounts = {
  readonly count: number;
  readonly byColumn: Readonly<Record<string, number>>;
};

type Scalar = string | number | boolean;

const kinds = ['fail', 'skip', 'blank'] as const;
const known: readonly string[] = Object.values(rowErrorParameters);

/** A parameter that is ours by its name; it is not the web service's business. */
export function isOwnParameter(name: string): boolean {
  return name.startsWith(ownParameterPrefix);
}

/** @param given GlobalParameters that begin with `ownParameterPrefix` */
export function understandRowErrors(
  given: Readonly<Record<string, Scalar>>,
): { readonly kind: 'policy'; readonly policy: RowErrorPolicy } | Refused {
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    return badArgument(
      'UnexpectedParameter',
      `GlobalParameters names "${shown(unknown)}", which is none of ${known.join(', ')}.${didYouMean(unknown, known)}`,
    );
  }
  const kind = kinds.find((one) => one === (given[rowErrorParameters.policy] ?? 'fail'));
  if (kind === undefined) {
    return wrong(rowErrorParameters.policy, given, `one of ${kinds.map((one) => `"${one}"`).join(', ')}`);
  }
  const countMax = numberOf(given[rowErrorParameters.countMax]);
  if (countMax !== undefined && !(Number.isSafeInteger(countMax) && countMax >= 0)) {
    return wrong(rowErrorParameters.countMax, given, 'a whole number from 0');
  }
  const shareMax = numberOf(given[rowErrorParameters.shareMax]);
  if (shareMax !== undefined && !(shareMax >= 0 && shareMax <= 1)) {
    return wrong(rowErrorParameters.shareMax, given, 'a number from 0 to 1');
  }
  if (kind !== 'fail') {
    const count = countMax === undefined ? {} : { countMax };
    return { kind: 'policy', policy: { kind, ...count, ...(shareMax === undefined ? {} : { shareMax }) } };
  }
  if (countMax === undefined && shareMax === undefined) return { kind: 'policy', policy: { kind } };
  const limit = countMax === undefined ? rowErrorParameters.shareMax : rowErrorParameters.countMax;
  return badArgument(
    'UserParameterInvalid',
    `GlobalParameters gives "${limit}", and the job fails at its first bad row: give "${rowErrorParameters.policy}" as "skip" or "blank" too, or leave the limit out.`,
  );
}

/** Texts are what most clients send. NaN for what is no number. */
function numberOf(value: Scalar | undefined): number | undefined {
  if (value === undefined || typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}

function wrong(name: string, given: Readonly<Record<string, Scalar>>, expected: string): Refused {
  return badArgument(
    'UserParameterInvalid',
    `GlobalParameters gives "${name}" as "${shown(String(given[name]), 60)}": expected is ${expected}.`,
  );
}
