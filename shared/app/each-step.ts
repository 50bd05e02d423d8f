/** Steps that need nothing of each other: trouble with one keeps none of the others waiting. */
import { StoreFault } from './ports.ts';

/** One after the other. @throws the first error, after the last step; a storage that cannot be had, at once */
export async function eachStep<T>(steps: readonly (() => Promise<T>)[]): Promise<T[]> {
  const done: T[] = [];
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      done.push(await step());
    } catch (error) {
      if (error instanceof StoreFault) throw error;
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
  return done;
}
