/** Route templates (`jobs/{id:guid}/{*rest}`) parsed and refused as the real host's router does it. */
import { HostRefusal } from './refusal.ts';
import { makeConstraint, type Constraint } from './route-constraints.ts';

export type Literal = { readonly kind: 'literal'; readonly text: string };
export type Parameter = {
  readonly kind: 'parameter';
  readonly name: string;
  readonly isOptional: boolean;
  readonly isCatchAll: boolean;
  readonly defaultValue: string | undefined;
  readonly constraints: readonly Constraint[];
};
export type Part = Literal | Parameter;
/** One segment between slashes: a single part, or literals and parameters mixed (`{name}.{ext?}`). */
export type Segment = readonly Part[];

/** @throws HostRefusal with what is wrong */
export function parseTemplate(template: string): readonly Segment[] {
  const refuse = (why: string): never => {
    throw new HostRefusal(`the route template "${template}" is refused: ${why}`);
  };
  const trimmed = template.replace(/^~?\//, '');
  if (trimmed.startsWith('~')) refuse('it starts with "~"');
  if (trimmed === '') return [];
  const texts = trimmed.split(/(?:\/)(?![^{}]*(?:\}\}[^{}]*)*\}(?!\}))/);
  if (texts.at(-1) === '') texts.pop();
  const names = new Set<string>();
  return texts.map((text, index) => {
    if (text === '') refuse('it has two slashes in a row');
    const segment = parseSegment(text, refuse);
    checkSegment(segment, index === texts.length - 1, refuse);
    for (const part of segment) {
      if (part.kind === 'literal') continue;
      const key = part.name.toLowerCase();
      if (names.has(key)) refuse(`the parameter "${part.name}" occurs twice`);
      names.add(key);
    }
    return segment;
  });
}

type Refuse = (why: string) => never;

function parseSegment(text: string, refuse: Refuse): Segment {
  const parts: Part[] = [];
  const parameter = /\{(?!\{)((?:[^{}]|\{\{|\}\})*)\}/y;
  const literal = /(?:[^{}]|\{\{|\}\})+/y;
  for (let at = 0; at < text.length;) {
    parameter.lastIndex = literal.lastIndex = at;
    const inside = parameter.exec(text);
    const outside = inside === null ? literal.exec(text) : null;
    const found = (inside ?? outside ?? refuse('its braces do not match'))[0];
    at += found.length;
    if (inside !== null) parts.push(parseParameter(unescape(inside[1] ?? ''), refuse));
    else if (found.includes('?')) refuse('a "?" may stand only in a parameter');
    else parts.push({ kind: 'literal', text: unescape(found) });
  }
  return parts;
}

const unescape = (text: string): string => text.replaceAll('}}', '}').replaceAll('{{', '{');

function parseParameter(text: string, refuse: Refuse): Parameter {
  const isCatchAll = text.startsWith('*');
  const isOptional = text.endsWith('?');
  const inner = text.slice(/^\*{0,2}/.exec(text)?.[0].length ?? 0, isOptional ? -1 : undefined);
  const name = /^.[^:=]*/s.exec(inner)?.[0] ?? '';
  if (name === '' || /[/{}?*]/.test(name)) refuse(`"${name}" is no parameter name`);
  const constraints: Constraint[] = [];
  const constraint = /:((?:[^:(=]*)(?:\(.*?\)(?=$|:|=))?)/sy;
  let at = (constraint.lastIndex = name.length);
  for (let found = constraint.exec(inner); found !== null; found = constraint.exec(inner)) {
    at = constraint.lastIndex;
    if (found[1] !== '') constraints.push(makeConstraint(found[1] ?? ''));
  }
  const rest = inner.slice(at);
  if (rest !== '' && !rest.startsWith('=')) refuse(`"${rest}" is no constraint`);
  const defaultValue = rest === '' ? undefined : rest.slice(1);
  if (isCatchAll && isOptional) refuse('a catch-all cannot be optional');
  if (isOptional && defaultValue !== undefined) refuse('an optional parameter cannot have a default');
  return { kind: 'parameter', name, isOptional, isCatchAll, defaultValue, constraints };
}

function checkSegment(segment: Segment, isLast: boolean, refuse: Refuse): void {
  segment.forEach((part, index) => {
    if (part.kind === 'literal') return;
    const before = segment[index - 1];
    if (part.isCatchAll && (!isLast || segment.length > 1))
      refuse('a catch-all must be the whole last segment');
    if (before?.kind === 'parameter') refuse('two parameters stand side by side');
    if (part.isOptional && segment.length > 1 && (index < segment.length - 1 || before?.text !== '.')) {
      refuse('an optional parameter in a mixed segment must come last, after a "."');
    }
  });
}
