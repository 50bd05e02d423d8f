/** A request's JSON body, checked against its schema: every fault is a 400 that names the place and the remedy. */
import type { HttpRequest } from '@azure/functions';
import type { z } from 'zod';
import { badArgument, type Refused } from '../core/refusal.ts';
import { parseJson } from './lenient-json.ts';
import { readBody } from './read-body.ts';
import { refusalOf } from './schema-issues.ts';

export async function readJson<T>(
  request: HttpRequest,
  rule: { readonly schema: z.ZodType<T>; readonly bytesMax: number },
): Promise<{ readonly kind: 'body'; readonly body: T } | Refused> {
  const read = await readBody(request, rule.bytesMax);
  if (read.kind === 'refused') return read;
  if (read.text.trim() === '')
    return badArgument('RequestIsEmpty', 'The request has no body: send a JSON object.');
  const parsed = parseJson(read.text);
  if (parsed.kind === 'invalid') return badArgument('RequestBodyInvalid', parsed.message);
  if (parsed.value === null)
    return badArgument('RequestIsEmpty', 'The request body is null: send a JSON object.');
  const checked = rule.schema.safeParse(parsed.value, { reportInput: true });
  return checked.success ? { kind: 'body', body: checked.data } : refusalOf(checked.error.issues);
}
