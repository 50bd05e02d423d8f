/** What a schema finds wrong, as sentences for callers: place, what was expected, what was there. */
import type { z } from 'zod';
import { badArgument, type Refused } from '../core/refusal.ts';
import { shownSafely } from './redact.ts';

type Issue = z.core.$ZodIssue;

const issuesMax = 10;

/** Members that hold secrets: what was there is never shown. */
const secretMembers: ReadonlySet<PropertyKey> = new Set([
  'ConnectionString',
  'SasBlobToken',
  'key',
  'credentials',
]);

/** One detail for each issue; the schemas' own messages go on from the place: `must be ...`, `has ...`. */
export function refusalOf(issues: readonly Issue[]): Refused {
  const [first, ...others] = issues.slice(0, issuesMax).map(detailOf);
  const refusal = badArgument(
    first?.code ?? 'RequestBodyInvalid',
    first?.message ?? 'The request body is not valid.',
  );
  return { ...refusal, details: [...refusal.details, ...others] };
}

function detailOf(issue: Issue): { code: string; message: string } {
  const place = placeOf(issue.path);
  if (issue.code === 'unrecognized_keys')
    return { code: 'RequestBodyInvalid', message: `${place} ${issue.message}` };
  const expected = expectedOf(issue);
  if (issue.input === undefined)
    return { code: 'RequestBodyInvalid', message: `${place} is missing: it ${expected}.` };
  const hidden = issue.path.some((part) => secretMembers.has(part));
  const was = wasOf(issue.input, hidden);
  const code = issue.code === 'invalid_type' ? 'RequestBodyInvalid' : 'BadParameterValue';
  return { code, message: `${place} ${expected}; it was ${was}.` };
}

/** A text by its length where it may not be shown, or is too long to be: the length is what is wrong with it then. */
function wasOf(input: unknown, isHidden: boolean): string {
  if (typeof input === 'string') {
    if (isHidden || input.length > 256) return `a text of ${input.length.toLocaleString('en')} characters`;
    return `"${shownSafely(input, 60)}"`;
  }
  return isHidden || typeof input === 'object' ? `a value of type ${typeOf(input)}` : shownSafely(input, 60);
}

function expectedOf(issue: Issue): string {
  if (/^(?:must|has) /.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${withArticle(issue.expected)}`;
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'too_small':
      return issue.origin === 'string'
        ? `must have at least ${issue.minimum} characters`
        : `must be at least ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'string'
        ? `must have at most ${issue.maximum} characters`
        : `must be at most ${issue.maximum}`;
    case 'invalid_format':
    case 'not_multiple_of':
    case 'unrecognized_keys':
    case 'invalid_union':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return 'must have another form';
  }
}

/** `Inputs.input1.RelativeLocation`, `Resources[0]`, `Outputs["my output"]`. */
export function placeOf(path: readonly PropertyKey[]): string {
  const text = path.map((part) => {
    if (typeof part === 'number') return `[${part}]`;
    const name = shownSafely(String(part), 60);
    return /^[\w$.-]+$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
  });
  return text.length === 0 ? 'The request body' : text.join('').replace(/^\./, '');
}

function withArticle(type: string): string {
  if (type === 'object' || type === 'record') return 'a JSON object';
  return type === 'array' ? 'a JSON array' : `a ${type}`;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
