/** Route templates (`jobs/{id:guid}/{*rest}`) parsed and refused as the real host's router does it. */
import { refuse } from './refusal.ts';
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
type Wrong = (why: string) => never;

/** @throws HostRefusal with what is wrong */
export function parseTemplate(template: string): readonly Segment[] {
  const wrong: Wrong = (why) => refuse(`the route template "${template}" is refused: ${why}`);
  const trimmed = template.replace(/^~?\//, '');
  if (trimmed.startsWith('~')) wrong('it starts with "~"');
  if (trimmed === '') return [];
  const texts = trimmed.split(/(?:\/)(?![^{}]*(?:\}\}[^{}]*)*\}(?!\}))/);
  if (texts.at(-1) === '') texts.pop();
  const segments = texts.map((text) => parseSegment(text || wrong('it has two slashes in a row'), wrong));
  segments.forEach((segment, index) => checkSegment(segment, index === segments.length - 1, wrong));
  const names = new Set<string>();
  for (const part of segments.flat()) {
    if (part.kind === 'literal') continue;
    if (names.has(part.name.toLowerCase())) wrong(`the parameter "${part.name}" occurs twice`);
    names.add(part.name.toLowerCase());
  }
  return segments;
}

function parseSegment(text: string, wrong: Wrong): Segment {
  const either = /\{(?!\{)(?<inside>(?:[^{}]|\{\{|\}\})*)\}|(?<outside>(?:[^{}]|\{\{|\}\})+)/gy;
  const found = [...text.matchAll(either)];
  if (found.map(([all]) => all).join('') !== text) wrong('its braces do not match');
  return found.map(({ groups: { inside, outside } = {} }): Part => {
    if (outside === undefined) return parseParameter(unescape(inside ?? ''), wrong);
    return outside.includes('?')
      ? wrong('a "?" may stand only in a parameter')
      : { kind: 'literal', text: unescape(outside) };
  });
}

const unescape = (text: string): string => text.replaceAll('}}', '}').replaceAll('{{', '{');

function parseParameter(text: string, wrong: Wrong): Parameter {
  const isCatchAll = text.startsWith('*');
  const isOptional = text.endsWith('?');
  const inner = text.replace(/^\*{1,2}/, '').replace(/\?$/, '');
  const shape = /^(?<name>.[^:=]*)(?<constraints>(?::[^:(=]*(?:\(.*?\)(?=$|:|=))?)*)(?:=(?<value>.*))?$/s;
  const found = shape.exec(inner)?.groups ?? wrong(`"${text}" is no parameter`);
  const { name = '', constraints = '', value } = found;
  if (/[/{}?*]/.test(name)) wrong(`"${name}" is no parameter name`);
  if (isCatchAll && isOptional) wrong('a catch-all cannot be optional');
  if (isOptional && value !== undefined) wrong('an optional parameter cannot have a default');
  const texts = [...constraints.matchAll(/:([^:(=]*(?:\(.*?\)(?=$|:|=))?)/gs)].map(([, one = '']) => one);
  return {
    kind: 'parameter',
    name,
    isOptional,
    isCatchAll,
    defaultValue: value,
    constraints: texts.filter((one) => one !== '').map(makeConstraint),
  };
}

function checkSegment(segment: Segment, isLast: boolean, wrong: Wrong): void {
  segment.forEach((part, index) => {
    if (part.kind === 'literal') return;
    const before = segment[index - 1];
    if (part.isCatchAll && (!isLast || segment.length > 1))
      wrong('a catch-all must be the whole last segment');
    if (before?.kind === 'parameter') wrong('two parameters stand side by side');
    if (part.isOptional && segment.length > 1 && (index < segment.length - 1 || before?.text !== '.'))
      wrong('an optional parameter in a mixed segment must come last, after a "."');
  });
}
