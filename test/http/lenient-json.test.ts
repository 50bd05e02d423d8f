/** JSON as the original service took it: strict first, then what real clients and Microsoft's own article send. */
import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { depthMax, parseJson } from '../../shared/http/lenient-json.ts';

const article = new URL('../../../shared/data/article-request.txt', import.meta.url);

function valueOf(text: string): unknown {
  const parsed = parseJson(text);
  if (parsed.kind === 'invalid') throw new Error(parsed.message);
  return parsed.value;
}

function messageOf(text: string): string {
  const parsed = parseJson(text);
  if (parsed.kind === 'json') throw new Error(`taken: ${JSON.stringify(parsed.value)}`);
  return parsed.message;
}

test.skipIf(!existsSync(article))('the request of the article, as printed (data beside the checkout)', () => {
  expect(valueOf(readFileSync(article, 'utf8'))).toMatchObject({
    Input: {
      ConnectionString: expect.stringContaining('TableEndpoint\n'),
      BaseLocation: null,
      RelativeLocation: 'testint/AdultCensusIncomeBinaryClassificationDataset.csv',
    },
    GlobalParameters: {},
    Outputs: { output1: { RelativeLocation: 'testintoutput/testint_results.csv' } },
    AzureBatchPoolId: '8dfc151b0d3e446497b845f3b29ef53b',
  });
});

test.each<[string, unknown]>([
  ['\ufeff{"a":1}', { a: 1 }],
  ['{"a":1,}', { a: 1 }],
  ['[1,2,]', [1, 2]],
  ['{"a":"x\ny\tz"}', { a: 'x\ny\tz' }],
  ['{"a":"test\\_x"}', { a: 'test_x' }],
  ['// c\n{/* a * b */"a"/**/:/**/true // d\n,"b":null}', { a: true, b: null }],
  ['{\u00a0"a":-1.5e3,}', { a: -1500 }],
  ['{"a":"\\u00e9\\n\\"\\\\\\/",}', { a: 'é\n"\\/' }],
  ['{"a":"// no comment",}', { a: '// no comment' }],
  ['{"a":1,"a":2,}', { a: 2 }],
  ['{,}', undefined],
  ['{"constructor":1,}', { constructor: 1 }],
  ["{'a':'x'}", { a: 'x' }],
  ["{'a\"b':'it\\'s \"so\"'}", { 'a"b': 'it\'s "so"' }],
  ['{"a":"it\'s",}', { a: "it's" }],
  [
    '{Input:{ConnectionString:null}, $top_1 : [true], é:1, 7:2}',
    { Input: { ConnectionString: null }, $top_1: [true], é: 1, 7: 2 },
  ],
  ['{null:1,true:2}', { null: 1, true: 2 }],
])('%j', (text, expected) => {
  if (expected === undefined) expect(messageOf(text)).toMatch(/member name/);
  else expect(valueOf(text)).toEqual(expected);
});

test.each([
  ['{"a":1', /expected is ",", found is the end\. \(line 1, column 7\)$/],
  ['{"a" 1}', /expected is ":", found is "1"\. \(line 1, column 6\)$/],
  ['{\n  "a": tru\n}', /expected is a value, found is "t"\. \(line 2, column 8\)$/],
  ['{\n  "a": "x\n}', /a string that does not end\. \(line 2, column 8\)$/],
  ['{"a":1} x', /expected is the end, found is "x"/],
  ["{'a:1}", /a string that does not end/],
  ['{\'a":1}', /a string that does not end/],
  ['{a b:1}', /expected is ":", found is "b"/],
  ['{a-b:1}', /expected is ":", found is "-"/],
  ['{:1}', /expected is a member name, found is ":"/],
  ['{"a":b}', /expected is a value, found is "b"/],
  ['{__proto__:{"x":1}}', /"__proto__", which is never taken/],
  ['{\'__proto__\':{"x":1}}', /"__proto__", which is never taken/],
  ['{"a":01}', /expected is a value/],
  ['{"a":1.}', /expected is a value/],
  ['{"a":NaN}', /expected is a value/],
  ['{"a":"\\x"}', /begins no escape/],
  ['{"a":"\\u12"}', /begins no escape/],
  ['/* no end', /expected is a value/],
  ['<html>', /expected is a value, found is "<"/],
  ['', /expected is a value, found is the end/],
  ['{"__proto__":{"x":1}}', /"__proto__", which is never taken/],
  ['{"a":[{"__proto__":1}],}', /"__proto__", which is never taken/],
  ['{"__pr\\u006fto__":{"x":1},}', /"__proto__", which is never taken/],
])('%j is refused with its place', (text, message) => {
  expect(messageOf(text)).toMatch(message);
});

test('nothing reaches the prototype of anything', () => {
  parseJson('{"__proto__":{"polluted":1}}');
  parseJson('{"constructor":{"prototype":{"polluted":1}},}');
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test.each(['', ','])('depth is limited, strictly and leniently ("%s")', (comma) => {
  const nested = (depth: number) => `${'['.repeat(depth)}1${comma}${']'.repeat(depth)}`;
  expect(valueOf(nested(depthMax))).toBeDefined();
  expect(messageOf(nested(depthMax + 1))).toMatch(/within each other/);
  expect(messageOf(nested(100_000))).toMatch(/within each other/);
});

test('as many members as a body has room for', () => {
  const text = `{"a":[${'0,'.repeat(200_000)}0]}`;
  expect(valueOf(text)).toEqual({ a: Array.from({ length: 200_001 }, () => 0) });
});

test('a message never quotes more than one character of the text', () => {
  expect(messageOf('{"a": "secret-secret-secret" "secret-secret-secret"}')).not.toContain('secret');
});

test('whatever is JSON reads the same with a comment and a trailing comma', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      fc.pre(!JSON.stringify(value).includes('__proto__'));
      const text = JSON.stringify(value);
      expect(valueOf(`[${text}, /* x */]`)).toEqual([JSON.parse(text)]);
    }),
  );
});
