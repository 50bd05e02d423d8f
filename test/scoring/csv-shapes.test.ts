/** The shapes a CSV file may have: ends of lines, quotes, blanks, headers. Each is scored by a model that echoes a column. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEngine, type Engine } from '../../shared/scoring/engine.ts';
import { echoModel } from './onnx-fixtures.ts';
import { score, type ScoreOptions } from './score-text.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ modelBytes: echoModel('s', 'string') });
});
afterAll(async () => {
  await engine.close();
});

const shapes: [string, string, string][] = [
  ['plain lines', 's,t\na,1\nb,2\n', 's,t,Scored Labels\na,1,a\nb,2,b\n'],
  ['CRLF', 's,t\r\na,1\r\nb,2\r\n', 's,t,Scored Labels\r\na,1,a\r\nb,2,b\r\n'],
  ['mixed line ends', 't,s\r\n1,a\n2,b\r\n3,c\n', 't,s,Scored Labels\r\n1,a,a\n2,b,b\r\n3,c,c\n'],
  ['no final newline', 's\na\nb', 's,Scored Labels\na,a\nb,b'],
  ['no final newline, empty last cell', 't,s\n1,', 't,s,Scored Labels\n1,,'],
  ['a carriage return at the very end', 's\na\r', 's,Scored Labels\na,a\r'],
  ['a carriage return that ends nothing', 's,t\na\rb,1\n', 's,t,Scored Labels\na\rb,1,"a\rb"\n'],
  ['header only', 's,t\n', 's,t,Scored Labels\n'],
  ['header only, no newline', 's,t', 's,t,Scored Labels'],
  ['blank lines', '\n\ns,t\n\na,1\n\r\n\nb,2\n\n', 's,t,Scored Labels\na,1,a\nb,2,b\n'],
  ['a BOM', '\uFEFFs,t\na,1\n', '\uFEFFs,t,Scored Labels\na,1,a\n'],
  ['a BOM and a quoted name', '\uFEFF"s"\na\n', '\uFEFF"s",Scored Labels\na,a\n'],
  ['quotes', 's,t\n"a",1\n', 's,t,Scored Labels\n"a",1,a\n'],
  ['doubled quotes', 's\n"a""b"\n""""\n', 's,Scored Labels\n"a""b","a""b"\n"""",""""\n'],
  ['delimiters in quotes', 's\n"a,b"\n', 's,Scored Labels\n"a,b","a,b"\n'],
  ['line ends in quotes', 's,t\r\n"a\r\nb",1\r\n', 's,t,Scored Labels\r\n"a\r\nb",1,"a\r\nb"\r\n'],
  ['a quote inside a plain cell', 's,t\n5" disk,1\n', 's,t,Scored Labels\n5" disk,1,"5"" disk"\n'],
  ['an empty quoted cell', 's\n""\n', 's,Scored Labels\n"",\n'],
  ['quoted names, a newline in one', '"s","t\n2"\na,1\n', '"s","t\n2",Scored Labels\na,1,a\n'],
  ['extra columns around', 'a,s,b\n1,x,2\n', 'a,s,b,Scored Labels\n1,x,2,x\n'],
  ['extra columns of one name', 'a,s,a\n1,x,2\n', 'a,s,a,Scored Labels\n1,x,2,x\n'],
  ['missing values', 's\n?\nNA\n""\n', 's,Scored Labels\n?,?\nNA,NA\n"",\n'],
  ['blanks are part of a text', 's,t\n a ,1\n', 's,t,Scored Labels\n a ,1, a \n'],
  ['UTF-8 beyond the basic plane', 's,t\nä😀漢,1\n', 's,t,Scored Labels\nä😀漢,1,ä😀漢\n'],
  ['a NUL byte where the model does not look', 's,t\na,\0b\n', 's,t,Scored Labels\na,\0b,a\n'],
  ['a name in another case', 'S\na\n', 'S,Scored Labels\na,a\n'],
];

const options: [string, ScoreOptions][] = [
  ['whole', {}],
  ['byte by byte', { chunkBytes: 1, limits: { blockBytes: 16 } }],
  ['in chunks of 7 and blocks of 16', { chunkBytes: 7, limits: { blockBytes: 16 } }],
];

describe.each(options)('%s', (_, how) => {
  test.each(shapes)('%s', async (_name, input, output) => {
    expect((await score(engine, input, how)).text).toBe(output);
  });
});

test('tabs delimit where the job says so', async () => {
  const { text } = await score(engine, 't\ts\n1\ta,b\n2\t"a\tb"\n', { delimiter: '\t' });
  expect(text).toBe('t\ts\tScored Labels\n1\ta,b\ta,b\n2\t"a\tb"\t"a\tb"\n');
});

test('a cell of a megabyte, quoted and plain', async () => {
  const long = 'x'.repeat(1 << 20);
  const input = `s,t\n${long},1\n"${long},",2\nend,3\n`;
  const { text, result } = await score(engine, input);
  expect(text).toBe(`s,t,Scored Labels\n${long},1,${long}\n"${long},",2,"${long},"\nend,3,end\n`);
  expect(result).toMatchObject({ rows: 3, bytesIn: input.length, bytesOut: Buffer.byteLength(text) });
});

test('a quote inside a plain cell does not mislead where blocks are cut', async () => {
  const row = '5" disk,"line\nline"\n';
  const { text } = await score(engine, `s,t\n${row.repeat(50)}`, { limits: { blockBytes: 30 } });
  expect(text).toBe(`s,t,Scored Labels\n${'5" disk,"line\nline","5"" disk"\n'.repeat(50)}`);
});

test('bytes that are not UTF-8 pass through where the model does not look', async () => {
  const input = Buffer.from('s,t\na,\xff\xfe\n', 'latin1');
  const { bytes } = await score(engine, input);
  expect(bytes.toString('latin1')).toBe('s,t,Scored Labels\na,\xff\xfe,a\n');
});
