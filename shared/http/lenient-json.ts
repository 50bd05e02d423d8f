/**
 * JSON as Json.NET took it (bes-contract.md, section 1): strictly first; on failure with raw line breaks and tabs in
 * strings, single quotes around them, names without quotes, comments, trailing commas, and `\_` for `_`, an artefact of
 * Markdown in Microsoft's own article. Not its numbers beyond JSON (NaN, hexadecimal): nothing here takes them.
 */

export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };
export type ParsedJson =
  | { readonly kind: 'json'; readonly value: JsonValue }
  /** `message` is a whole sentence with line and column, both from 1; it quotes one character at most. */
  | { readonly kind: 'invalid'; readonly message: string };

/** Objects and arrays within each other. */
export const depthMax = 32;

export function parseJson(text: string): ParsedJson {
  const plain = text.startsWith('\ufeff') ? text.slice(1) : text;
  let value: JsonValue;
  try {
    value = JSON.parse(plain) as JsonValue;
  } catch {
    return parseLeniently(plain);
  }
  const trouble = findTrouble(value);
  return trouble === undefined ? { kind: 'json', value } : { kind: 'invalid', message: trouble };
}

/** What the strict parser lets through and nobody sends in good faith. */
function findTrouble(value: JsonValue): string | undefined {
  let level: JsonValue[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    const inner: JsonValue[] = [];
    for (const one of level) {
      if (typeof one !== 'object' || one === null) continue;
      if (depth === depthMax) return tooDeep;
      if (Object.hasOwn(one, '__proto__')) return protoMember;
      // One by one: a call takes some 120,000 arguments, and a body has room for more members.
      for (const member of Object.values(one)) inner.push(member);
    }
    level = inner;
  }
  return undefined;
}

const tooDeep = `The JSON has more than ${depthMax} objects and arrays within each other.`;
const protoMember = 'The JSON has a member "__proto__", which is never taken.';

class JsonTrouble extends Error {}

function parseLeniently(text: string): ParsedJson {
  const reader = new LenientReader(text);
  try {
    return { kind: 'json', value: reader.document() };
  } catch (error) {
    if (!(error instanceof JsonTrouble)) throw error;
    const before = text.slice(0, reader.at).split('\n');
    const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
    return { kind: 'invalid', message: `${error.message} (${place})` };
  }
}

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  _: '_',
};

type Quote = '"' | "'";

function isQuote(char: string | undefined): char is Quote {
  return char === '"' || char === "'";
}

class LenientReader {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonValue {
    const value = this.#value(0);
    this.#skip();
    if (this.at < this.#text.length) this.#fail('the end');
    return value;
  }

  #value(depth: number): JsonValue {
    this.#skip();
    const first = this.#text[this.at];
    if (first === '{' || first === '[') {
      if (depth === depthMax) throw new JsonTrouble(tooDeep);
      return first === '{' ? this.#object(depth + 1) : this.#array(depth + 1);
    }
    if (isQuote(first)) return this.#string(first);
    const word = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])/y;
    word.lastIndex = this.at;
    const match = word.exec(this.#text) ?? this.#fail('a value');
    this.at += match[0].length;
    return JSON.parse(match[0]) as JsonValue;
  }

  #object(depth: number): JsonValue {
    const members: [string, JsonValue][] = [];
    this.at += 1;
    while (!this.#took('}')) {
      if (members.length > 0) this.#take(',');
      if (this.#took('}')) break;
      const name = this.#name();
      if (name === '__proto__') throw new JsonTrouble(protoMember);
      this.#take(':');
      members.push([name, this.#value(depth)]);
    }
    return Object.fromEntries(members);
  }

  #array(depth: number): JsonValue {
    const items: JsonValue[] = [];
    this.at += 1;
    while (!this.#took(']')) {
      if (items.length > 0) this.#take(',');
      if (this.#took(']')) break;
      items.push(this.#value(depth));
    }
    return items;
  }

  /** Without quotes: letters, digits, `_` and `$`. */
  #name(): string {
    const first = this.#text[this.at];
    if (isQuote(first)) return this.#string(first);
    const word = /[\p{L}\p{N}_$]+/uy;
    word.lastIndex = this.at;
    const name = word.exec(this.#text)?.[0] ?? this.#fail('a member name');
    this.at += name.length;
    return name;
  }

  #string(quote: Quote): string {
    const start = this.at;
    let result = '';
    for (this.at += 1; this.#text[this.at] !== quote;) {
      if (this.at >= this.#text.length) {
        this.at = start;
        throw new JsonTrouble('The JSON has a string that does not end.');
      }
      result += this.#text[this.at] === '\\' ? this.#escape() : (this.#text[this.at++] ?? '');
    }
    this.at += 1;
    return result;
  }

  #escape(): string {
    const code = /\\u([0-9a-fA-F]{4})/y;
    code.lastIndex = this.at;
    const hex = code.exec(this.#text)?.[1];
    const plain = escapes[this.#text[this.at + 1] ?? ''];
    if (hex === undefined && plain === undefined) {
      throw new JsonTrouble(
        'The JSON has a backslash in a string that begins no escape; write \\\\ for a backslash.',
      );
    }
    this.at += hex === undefined ? 2 : 6;
    return hex === undefined ? (plain ?? '') : String.fromCharCode(Number.parseInt(hex, 16));
  }

  #took(mark: string): boolean {
    this.#skip();
    if (this.#text[this.at] !== mark) return false;
    this.at += 1;
    return true;
  }

  #take(mark: string): void {
    if (!this.#took(mark)) this.#fail(`"${mark}"`);
    this.#skip();
  }

  /** Blanks and comments. */
  #skip(): void {
    const blank = /(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/)*/y;
    blank.lastIndex = this.at;
    this.at += blank.exec(this.#text)?.[0].length ?? 0;
  }

  #fail(expected: string): never {
    const found = this.#text[this.at];
    throw new JsonTrouble(
      `The JSON cannot be read: expected is ${expected}, found is ${found === undefined ? 'the end' : JSON.stringify(found)}.`,
    );
  }
}
