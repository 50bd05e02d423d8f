/**
 * Building blocks of the request schemas: strict objects that know what was meant, and numbers that say their range.
 */
import { z } from 'zod';
import { didYouMean } from '../core/suggest.ts';
import { shownSafely } from './redact.ts';

/**
 * An object with these members and no others. A member that is null counts as absent, known or not; so does one that is
 * named in `ignored` (what real clients send without meaning anything by it). An unknown one is an error that names the
 * nearest known one.
 */
export function members<Shape extends z.core.$ZodLooseShape>(shape: Shape, ignored: readonly string[] = []) {
  const known = Object.keys(shape);
  const strict = z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? unknownMembers(issue.keys, known) : undefined),
  });
  // What the OpenAPI document makes of it: optional members may be null.
  return z.preprocess((value) => withoutNulls(value, ignored), strict.meta({ nulls: 'absent' }));
}

/** An object with any member names. Members that are null count as absent. */
export function named<Value extends z.ZodType>(value: Value) {
  return z.preprocess((given) => withoutNulls(given, []), z.record(z.string(), value));
}

/** @param max the largest value that is possible, included */
export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min.toLocaleString('en')} to ${max.toLocaleString('en')}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

export function textOf(lengthMin: number, lengthMax: number) {
  const error = `must be a text of ${lengthMin} to ${lengthMax.toLocaleString('en')} characters`;
  return z.string({ error }).min(lengthMin, { error }).max(lengthMax, { error });
}

function withoutNulls(value: unknown, ignored: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([name, member]) => member !== null && !ignored.includes(name)),
  );
}

function unknownMembers(found: readonly string[], known: readonly string[]): string {
  return found
    .slice(0, 3)
    .map((name) => {
      const meant = didYouMean(name, known) || ` Known are ${known.join(', ')}.`;
      return `has an unknown member "${shownSafely(name, 60)}".${meant}`;
    })
    .join(' It ');
}
