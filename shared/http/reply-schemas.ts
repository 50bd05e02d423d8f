/**
 * Building blocks of the reply schemas. They give the JSON builders their types, the OpenAPI document its shapes and
 * the tests what they hold every reply to; nothing is validated with them while the service runs.
 */
import { z } from 'zod';

export const id = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .describe('32 lower-case hex digits.');

export const time = z.iso.datetime().describe('UTC.');

export const count = z.int().min(0);

/** Exactly these members. @param name what the document calls it; unique */
export function shape<Shape extends z.core.$ZodLooseShape>(
  name: string,
  description: string,
  members: Shape,
) {
  return z.strictObject(members).meta({ id: name, description });
}

/** A list as `listJson` makes it. */
export function listOf(name: string, item: z.ZodType) {
  return shape(name, 'A page of a list.', {
    value: z.array(item),
    nextLink: z.string().describe('Where the next page is; absent on the last one.').exactOptional(),
  });
}

/** Anything, as it is said elsewhere. */
export function open(name: string, description: string) {
  return z.looseObject({}).meta({ id: name, description });
}
