/** Binds a file's columns and a job's constants to the model's inputs, or says what is missing and what was probably meant. */
import { convertConstant } from './convert-constant.ts';
import { matchNames, type NameMatch } from './match-names.ts';
import type { ModelInput } from './model-info.ts';
import { quoteValue } from './quote-value.ts';
import type { CellSource, Slot } from './row-plan.ts';
import type { Constant } from './score-job.ts';
import { ScoringError } from './scoring-error.ts';
import { suggest } from '../core/suggest.ts';

/** A place to fill; unnamed places of a [N,C] input take columns in the file's order. */
type Place = {
  readonly feed: number;
  readonly offset: number;
  readonly input: ModelInput;
  readonly name?: string;
};
type Bound = Map<Place, CellSource>;

/** Missing columns that a message names; there may be thousands. */
const namedMax = 10;

function placesOf(inputs: readonly ModelInput[]): Place[] {
  return inputs.flatMap((input, feed) =>
    Array.from({ length: input.width }, (_, offset): Place => {
      const name = input.width === 1 ? input.name : input.columns?.[offset];
      return name === undefined ? { feed, offset, input } : { feed, offset, input, name };
    }),
  );
}

function mismatch(message: string): ScoringError {
  return new ScoringError('InputMismatchError', message);
}

function withSuggestion(name: string, candidates: readonly string[]): string {
  const meant = suggest(name, candidates);
  return `'${name}'${meant === undefined ? '' : ` (did you mean '${meant}'?)`}`;
}

function bindConstants(places: readonly Place[], constants: Readonly<Record<string, Constant>>): Bound {
  const bound: Bound = new Map();
  const named = places.filter((place) => place.name !== undefined);
  const names = named.map((place) => place.name ?? '');
  const keys = Object.keys(constants);
  matchNames(keys, names).forEach((match, i) => {
    const key = keys[i] ?? '';
    const place = match.kind === 'found' ? named[match.index] : undefined;
    if (place === undefined) {
      const why =
        match.kind === 'ambiguous' ? 'fits several inputs of the model' : 'is no input of the model';
      throw mismatch(
        `The parameter ${match.kind === 'ambiguous' ? `'${key}'` : withSuggestion(key, names)} ${why}.`,
      );
    }
    const constant = constants[key] ?? '';
    const converted = convertConstant(constant, place.input.type);
    if (converted.kind === 'wrong') {
      throw mismatch(
        `Parameter '${key}': expected ${converted.expected}, found ${quoteValue(String(constant))}.`,
      );
    }
    bound.set(place, { kind: 'constant', value: converted.value });
  });
  return bound;
}

function explain(
  names: readonly string[],
  matches: readonly NameMatch[],
  columns: readonly string[],
): string {
  const parts: string[] = [];
  const missing = names.filter((_, i) => matches[i]?.kind === 'missing');
  if (missing.length > 0) {
    const used = new Set(matches.flatMap((match) => (match.kind === 'found' ? [match.index] : [])));
    const free = columns.filter((_, i) => !used.has(i));
    const listed = missing.slice(0, namedMax).map((name) => withSuggestion(name, free));
    const more = missing.length > namedMax ? ` and ${missing.length - namedMax} more` : '';
    parts.push(`missing ${missing.length === 1 ? 'column' : 'columns'} ${listed.join(', ')}${more}`);
  }
  names.forEach((name, i) => {
    const match = matches[i];
    if (match?.kind !== 'ambiguous' || parts.length >= namedMax) return;
    const fitting = match.indices.map((index) => `'${columns[index] ?? ''}'`).join(', ');
    parts.push(
      new Set(match.indices.map((index) => columns[index])).size === 1
        ? `column ${fitting.split(', ')[0]} is there ${match.indices.length} times`
        : `several columns fit input '${name}': ${fitting}`,
    );
  });
  return parts.join('; ');
}

function bindNamed(places: readonly Place[], columns: readonly string[], bound: Bound, where: string): void {
  const open = places.filter((place) => place.name !== undefined && !bound.has(place));
  const names = open.map((place) => place.name ?? '');
  const matches = matchNames(names, columns);
  if (matches.some((match) => match.kind !== 'found')) {
    throw mismatch(`${where}: ${explain(names, matches, columns)}.`);
  }
  matches.forEach((match, i) => {
    const place = open[i];
    if (place !== undefined && match.kind === 'found')
      bound.set(place, { kind: 'column', column: match.index });
  });
}

function bindByOrder(
  places: readonly Place[],
  columns: readonly string[],
  bound: Bound,
  where: string,
): void {
  const used = new Set(
    [...bound.values()].flatMap((source) => (source.kind === 'column' ? [source.column] : [])),
  );
  const free = columns.map((_, i) => i).filter((i) => !used.has(i));
  const unnamed = places.filter((place) => place.name === undefined);
  if (unnamed.length > free.length) {
    throw mismatch(
      `${where}: the model takes ${unnamed.length} ${unnamed.length === 1 ? 'column' : 'columns'} by order, the file has ${free.length} for them.`,
    );
  }
  unnamed.forEach((place, i) => bound.set(place, { kind: 'column', column: free[i] ?? 0 }));
}

/**
 * One slot for each place of each input.
 * @param columns The file's column names in order. @param where How messages begin: `data.csv line 1`.
 * @throws ScoringError `InputMismatchError` naming every column that is missing or ambiguous, and constants that do not fit.
 */
export function bindColumns(
  inputs: readonly ModelInput[],
  columns: readonly string[],
  constants: Readonly<Record<string, Constant>>,
  where: string,
): Slot[] {
  const places = placesOf(inputs);
  const bound = bindConstants(places, constants);
  bindNamed(places, columns, bound, where);
  bindByOrder(places, columns, bound, where);
  return places.map((place) => {
    const source = bound.get(place);
    if (source === undefined) throw new Error('every place is bound or reported');
    return { feed: place.feed, offset: place.offset, source };
  });
}
