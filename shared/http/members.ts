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

/** Escapes can name what is no text: half a character, which no URL and no blob's name can hold. */
const halves = 'without half of a surrogate pair (one escape from \\ud800 to \\udfff alone)';

/**
 * An object with any member names. Members that are null count as absent.
 * @param misreading says what is wrong with the whole object, where looking at its members would only confuse
 */
export function named<Value extends z.ZodType>(
  value: Value,
  misreading?: (given: Readonly<Record<string, unknown>>) => string | undefined,
) {
  const record = z
    .record(z.string(), value)
    .refine((given) => Object.keys(given).every((name) => name.isWellFormed()), {
      error: `must have names ${halves}`,
    });
  return z.preprocess((given, context) => {
    const message = isObject(given) ? misreading?.(given) : undefined;
    if (message !== undefined) {
      context.issues.push({ code: 'invalid_type', expected: 'record', input: given, message });
    }
    return withoutNulls(given, []);
  }, record);
}

/** @param max the largest value that is possible, included */
export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min.toLocaleString('en')} to ${max.toLocaleString('en')}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

export function textOf(lengthMin: number, lengthMax: number) {
  const error = `must be a text of ${lengthMin} to ${lengthMax.toLocaleString('en')} characters`;
  return wholeText(z.string({ error }).min(lengthMin, { error }).max(lengthMax, { error }));
}

/** The value of a web service's parameter. */
export const scalar = z.union([wholeText(z.string()), z.number(), z.boolean()], {
  error: 'must be a string, a number or a boolean',
});

function wholeText(text: z.ZodString) {
  return text.refine((given) => given.isWellFormed(), { error: `must be a text ${halves}` });
}

function withoutNulls(value: unknown, ignored: readonly string[]): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([name, member]) => member !== null && !ignored.includes(name)),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
