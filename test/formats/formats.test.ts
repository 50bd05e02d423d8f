/** Tables in and out of the engine in every format: the same scores, the columns' own values, errors with their places. */
import { setImmediate } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { makeSink } from '../../shared/formats/make-sink.ts';
import { openTable } from '../../shared/formats/open-table.ts';
import { convert, engine, formatOf, textOf } from './convert.ts';

const csv = 'age,name,zip\n1.5,"a ""b"", c",007\n-2,é😀,\n';
const arff = `@relation x
% a comment
@attribute age numeric
@attribute name {a, 'b c'}
@ATTRIBUTE "z ip" string

@data
1.5, 'a "b", c', "007"
% another
-2,é😀,?
`;
const jsonl = '{"age":1.5,"name":"a \\"b\\", c","zip":"007"}\n\n{"age":-2,"name":"é😀","zip":null}\n';
const scoredCsv = 'age,name,zip,Scored Labels\n1.5,"a ""b"", c",007,1.5\n-2,é😀,,-2\n';

describe('in', () => {
  test.each([
    ['data.csv', csv, scoredCsv],
    ['data.tsv', csv.replaceAll(/,(?! )/g, '\t'), scoredCsv],
    ['data.jsonl', jsonl, scoredCsv],
    ['data.arff', arff, scoredCsv.replace('zip', 'z ip').replace('é😀,,', 'é😀,?,')],
  ])('%s', async (name, file, expected) => {
    for (const chunkBytes of [1, 7, 1_000]) {
      const text = await textOf(file, name, 'out.csv', { chunkBytes });
      // The line ends of comments and of blank lines stay.
      expect(text.replaceAll(/^\n/gm, '')).toBe(expected);
      expect(await textOf(gzipSync(file), `${name}.gz`, 'out.csv', { chunkBytes })).toBe(text);
    }
  });

  test('parquet, in several row groups', async () => {
    const file = parquetWriteBuffer({
      columnData: [
        { name: 'age', data: [1.5, -2, 3e10], type: 'DOUBLE' },
        { name: 'name', data: ['a "b", c', null, 'é😀'], type: 'STRING' },
        { name: 'n', data: [1n, 2n ** 60n, null], type: 'INT64' },
        { name: 'ok', data: [true, false, null], type: 'BOOLEAN' },
      ],
      rowGroupSize: 2,
    });
    expect(await textOf(new Uint8Array(file), 'data.parquet', 'out.csv')).toBe(
      'age,name,n,ok,Scored Labels\n1.5,"a ""b"", c",1,true,1.5\n-2,,1152921504606846976,false,-2\n30000000000,é😀,,,30000000000\n',
    );
  });

  test('parquet: a time that no date holds is empty', async () => {
    const file = parquetWriteBuffer({
      columnData: [
        { name: 'age', data: [1] },
        { name: 'at', data: [2n ** 62n] },
      ],
      schema: [
        { name: 'root', num_children: 2 },
        { name: 'age', type: 'DOUBLE', repetition_type: 'REQUIRED' },
        { name: 'at', type: 'INT64', repetition_type: 'REQUIRED', converted_type: 'TIMESTAMP_MILLIS' },
      ],
    });
    expect(await textOf(new Uint8Array(file), 'a.parquet', 'o.csv')).toBe('age,at,Scored Labels\n1,,1\n');
  });

  test('numbers of JSON that no double holds stay as they are', async () => {
    const text = await textOf('{"age":1,"id":12345678901234567890,"o":{"a":[1]}}\n', 'a.jsonl', 'out.jsonl');
    expect(text).toBe('{"age":1,"id":12345678901234567890,"o":{"a":[1]},"Scored Labels":1}\n');
    const nested = '{"age":1,"o":{"a":[12345678901234567890,0.1000000000000000055],"big":1e400,"t":"1e400"}}';
    expect(await textOf(`${nested}\n`, 'a.jsonl', 'out.jsonl')).toBe(
      `${nested.slice(0, -1)},"Scored Labels":1}\n`,
    );
  });
});

describe('out', () => {
  test('tsv, csv from tabs, and as it is', async () => {
    expect(await textOf('age,t\n1,"a\tb"\n2,\xff"\n', 'a.csv', 'o.tsv')).toBe(
      'age\tt\tScored Labels\n1\t"a\tb"\t1\n2\t"\xff"""\t2\n',
    );
    expect(await textOf('age\tt\r\n1\ta,b\r\n', 'a.tsv', 'o.csv')).toBe('age,t,Scored Labels\n1,"a,b",1\n');
    expect(await textOf('age\tt\r\n1\ta,b\r\n', 'a.tsv', 'o.tsv')).toBe(
      'age\tt\tScored Labels\r\n1\ta,b\t1\r\n',
    );
  });

  test('bytes that are not UTF-8 stay what they are', async () => {
    const { bytes } = await convert(Buffer.from('age,t\n1,\xff\xfe\n', 'latin1'), 'a.csv', 'o.tsv');
    expect(bytes.toString('latin1')).toBe('age\tt\tScored Labels\n1\t\xff\xfe\t1\n');
  });

  test('jsonl: numbers where the model takes them, texts elsewhere', async () => {
    expect(
      await textOf('\uFEFFage,zip\n 1e3 ,007\nx,"l\nl"\n', 'a.csv', 'o.jsonl', {
        rowErrors: { kind: 'blank' },
      }),
    ).toBe('{"age":1e3,"zip":"007","Scored Labels":1000}\n{"age":"x","zip":"l\\nl","Scored Labels":null}\n');
    expect(await textOf(jsonl, 'a.jsonl', 'o.jsonl')).toBe(
      '{"age":1.5,"name":"a \\"b\\", c","zip":"007","Scored Labels":1.5}\n{"age":-2,"name":"é😀","zip":"","Scored Labels":-2}\n',
    );
  });

  test('what the engine does not read as a number is none in any format', async () => {
    const rows = 'age,age2,t\n0x10,1,a\n1_0,1,b\n';
    const options = { rowErrors: { kind: 'blank' } } as const;
    expect(await textOf(rows, 'a.csv', 'o.jsonl', options)).toBe(
      '{"age":"0x10","age2":"1","t":"a","Scored Labels":null}\n{"age":"1_0","age2":"1","t":"b","Scored Labels":null}\n',
    );
    const { bytes } = await convert(rows, 'a.csv', 'o.parquet', options);
    const read = await parquetReadObjects({ file: new Uint8Array(bytes).buffer });
    expect(read.map((row) => row['age'])).toEqual([null, null]);
  });

  test('columns of one name can be told apart where a format has each but once', async () => {
    const file = 'age,t,t,t_2\n1,a,b,c\n';
    expect(await textOf(file, 'a.csv', 'o.jsonl')).toBe(
      '{"age":1,"t":"a","t_3":"b","t_2":"c","Scored Labels":1}\n',
    );
    expect(await textOf(file, 'a.csv', 'o.arff')).toContain(
      '@attribute t string\n@attribute t_3 string\n@attribute t_2 string\n',
    );
    expect(await textOf(file, 'a.csv', 'o.tsv')).toContain('age\tt\tt\tt_2\t');
  });

  test('arff', async () => {
    expect(await textOf(csv, 'a.csv', 'o.arff')).toBe(
      `@relation scored\n\n@attribute age numeric\n@attribute name string\n@attribute zip string\n@attribute 'Scored Labels' numeric\n\n@data\n1.5,'a "b", c',007,1.5\n-2,é😀,?,-2\n`,
    );
    const again = await textOf(
      await textOf(csv, 'a.csv', 'o.arff').then((text) => text.replace("'Scored Labels'", 'Before')),
      'o.arff',
      'p.csv',
    );
    expect(parse(again)[1]).toEqual(['1.5', 'a "b", c', '007', '1.5', '1.5']);
  });

  test('parquet', async () => {
    const { bytes } = await convert(csv, 'a.csv', 'o.parquet');
    const file = new Uint8Array(bytes).buffer;
    expect(await parquetReadObjects({ file })).toEqual([
      { age: 1.5, name: 'a "b", c', zip: '007', 'Scored Labels': 1.5 },
      { age: -2, name: 'é😀', zip: '', 'Scored Labels': -2 },
    ]);
    expect(parse(await textOf(bytes, 'o.parquet', 'p.csv'))).toHaveLength(3);
  });

  test('parquet: what is no number is none, and columns of one name can be told apart', async () => {
    const { bytes } = await convert('age,t,t,t_2\n  ,a,b,c\n', 'a.csv', 'o.parquet', {
      rowErrors: { kind: 'blank' },
    });
    expect(await parquetReadObjects({ file: new Uint8Array(bytes).buffer })).toEqual([
      { age: null, t: 'a', t_3: 'b', t_2: 'c', 'Scored Labels': null },
    ]);
  });

  test('many rows, row group after row group, packed or not', async () => {
    const rows = Array.from({ length: 230_000 }, (_, i) => `${i},t${i % 7}`);
    const text = `age,t\n${rows.join('\n')}\n`;
    const { bytes } = await convert(text, 'a.csv', 'o.parquet', { chunkBytes: 65_536 });
    const read = await parquetReadObjects({ file: new Uint8Array(bytes).buffer });
    expect(read).toHaveLength(230_000);
    expect(read.every((row, i) => row['age'] === i && row['Scored Labels'] === i)).toBe(true);
    const packed = await convert(text, 'a.csv', 'o.csv.gz', { chunkBytes: 65_536 });
    const plain = await convert(text, 'a.csv', 'o.csv', { chunkBytes: 65_536 });
    expect(gunzipSync(packed.bytes).equals(plain.bytes)).toBe(true);
    expect(packed.bytes.length).toBeLessThan(plain.bytes.length / 2);
  });

  test('a header alone gives a table without rows', async () => {
    for (const name of ['o.jsonl', 'o.arff', 'o.tsv', 'o.csv.gz']) await convert('age,t\n', 'a.csv', name);
    const { bytes } = await convert('age,t\n', 'a.csv', 'o.parquet');
    expect(await parquetReadObjects({ file: new Uint8Array(bytes).buffer })).toEqual([]);
  });
});

describe('rows that cannot be read', () => {
  test('jsonl: each with its line and reason, under the policy', async () => {
    const file = '{"age":1,"t":"l\\nl"}\n\nno json\n{"age":2}\n{"age":3,"x":1}\n[1]\n{"age":"x","t":null}\n';
    const { bytes, errors } = await convert(file, 'a.jsonl', 'o.csv', { rowErrors: { kind: 'skip' } });
    expect(bytes.toString()).toBe('age,t,Scored Labels\n1,"l\nl",1\n2,,2\n');
    expect(parse(errors, { from: 2 }).map((row) => [row[1], row[2], row[5]])).toEqual([
      ['3', '2', 'no JSON object'],
      ['5', '4', 'a member that the first line does not have'],
      ['6', '5', 'no JSON object'],
      ['7', '6', 'expected a number'],
    ]);
    const blank = await convert(file, 'a.jsonl', 'o.csv', { rowErrors: { kind: 'blank' } });
    expect(blank.bytes.toString()).toBe('age,t,Scored Labels\n1,"l\nl",1\n,,\n2,,2\n,,\n,,\nx,,\n');
    await expect(convert(file, 'a.jsonl', 'o.csv')).rejects.toThrow(
      'a.jsonl line 3 (row 2): no JSON object.',
    );
  });

  test.each([
    ['a.jsonl', '\n\n{"t":"l\\nl","age":1}\n\n\n{"age":2}\n{"age":"x"}\n\n{"age":"y"}\n', [7, 9]],
    ['a.arff', "@attribute t string\n@attribute age real\n@data\n'l\\nl',1\n%\n\nl,x\nl,y\n", [7, 8]],
  ])('%s: lines are the ones of the file, whatever its values hold', async (name, file, lines) => {
    for (const chunkBytes of [1, 1_000]) {
      const { errors } = await convert(file, name, 'o.csv', { rowErrors: { kind: 'skip' }, chunkBytes });
      expect(parse(errors, { from: 2 }).map((row) => Number(row[1]))).toEqual(lines);
    }
  });

  test.each([
    ['a.jsonl', '{"age":1}\nno json\n'],
    ['a.jsonl', '{"no age":1}\n'],
    ['a.jsonl', 'no json\n'],
    ['a.arff', '@attribute age real\n@data\nx\n'],
    ['a.arff', '@attribute nothing real\n@data\n1\n'],
    ['a.arff', '@attribute x\n'],
  ])('%s %j: the file is let go of', async (name, start) => {
    let state: 'open' | 'closed' = 'open';
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (let text = start; ; text = (name.endsWith('.arff') ? '1\n' : '{"age":1}\n').repeat(1_000)) {
          await setImmediate();
          yield Buffer.from(text);
        }
      } finally {
        state = 'closed';
      }
    }
    const file = { bytes: 0, stream: endless, read: () => Promise.reject(new Error('not by ranges')) };
    const scored = openTable(file, formatOf(name), name).then((table) =>
      engine.score({ ...table, sourceName: name, write: () => Promise.resolve() }),
    );
    await expect(scored).rejects.toThrow(name);
    // Where it is being read at that time, it is closed a moment later.
    await expect.poll(() => state).toBe('closed');
  });

  test('arff', async () => {
    await expect(convert(arff.replace('-2,', 'two,'), 'a.arff', 'o.csv')).rejects.toThrow(
      `a.arff line 10 (row 2), column 'age': expected a number, found "two".`,
    );
    await expect(convert(`${arff}{0 1}\n`, 'a.arff', 'o.csv')).rejects.toThrow(
      'a.arff line 11 (row 3): a sparse row, which is not supported.',
    );
    await expect(convert(`${arff}1,'x,y\n`, 'a.arff', 'o.csv')).rejects.toThrow(
      'a.arff line 11 (row 3): quotes that do not close.',
    );
    await expect(convert(`${arff}1,x\n`, 'a.arff', 'o.csv')).rejects.toThrow(
      'a.arff line 11 (row 3): 2 columns, the header has 3.',
    );
  });

  test.each([
    ['a.jsonl', '', 'a.jsonl is empty: its first line must be a JSON object'],
    ['a.jsonl', '\n[1]\n', 'a.jsonl line 2: expected a JSON object'],
    ['a.arff', '@relation x\n', 'a.arff ends without @data'],
    ['a.arff', 'age,b\n', 'a.arff line 1: expected @relation, @attribute or @data.'],
    ['a.arff', '@attribute x\n', 'a.arff line 1: expected "@attribute name type".'],
    ['a.arff', '@data\n', 'a.arff line 1: no @attribute before @data.'],
    [
      'a.csv.gz',
      'age\n1\n',
      'a.csv.gz cannot be unpacked: it is no gzip file, or is cut off or damaged (Z_DATA_ERROR).',
    ],
    ['a.parquet', 'age\n1\n', 'a.parquet cannot be read as Parquet: '],
    ['a.parquet', '', 'a.parquet cannot be read as Parquet: '],
  ])('%s: %j', async (name, file, message) => {
    await expect(convert(file, name, 'o.csv')).rejects.toThrow(message);
    await expect(convert(file, name, 'o.csv')).rejects.toMatchObject({ code: 'InputParseError' });
  });

  test('parquet whose pages are not where it says, or hold less than it says', async () => {
    const data = Array.from({ length: 1_000 }, (_, i) => i);
    const whole = Buffer.from(parquetWriteBuffer({ columnData: [{ name: 'age', data, type: 'DOUBLE' }] }));
    const footerBytes = whole.readUInt32LE(whole.length - 8) + 8;
    const cut = Buffer.concat([whole.subarray(0, 4), whole.subarray(-footerBytes)]);
    const three = parquetWriteBuffer({ columnData: [{ name: 'age', data: [1, 2, 3], type: 'DOUBLE' }] });
    // Of the row group: 47 bytes (zigzag 5e) and 3 rows (06), which become 4 (08).
    const short = Buffer.from(Buffer.from(three).toString('hex').replace('165e1606', '165e1608'), 'hex');
    const message = 'row group 1 has fewer values than rows';
    for (const [file, why] of [
      [cut, ''],
      [short, message],
    ] as const) {
      const reading = convert(file, 'a.parquet', 'o.csv');
      await expect(reading).rejects.toThrow(`a.parquet cannot be read as Parquet: ${why}`);
      await expect(reading).rejects.toMatchObject({ code: 'InputParseError' });
    }
  });

  test('parquet that says of itself that it is small', async () => {
    const made = parquetWriteBuffer({ columnData: [{ name: 'age', data: [1, 2, 3], type: 'DOUBLE' }] });
    const whole = Buffer.from(made).toString('hex');
    const varint = (value: number): string => {
      const bytes: number[] = [];
      for (let left = 2 * value; ; left = Math.floor(left / 128)) {
        bytes.push(left < 128 ? left : (left % 128) + 128);
        if (left < 128) return Buffer.from(bytes).toString('hex');
      }
    };
    // Behind the magic: a data page (1506), its size unpacked (15..), its size packed (1530: 24 bytes), now 4 bytes less.
    const largePage = whole.replace(/^(50415231150615)..1530/, `$1${varint(300_000_000)}1528`);
    // Of the row group: 47 bytes (zigzag 5e) and 3 rows (06); the footer says how long it is.
    const rows = Buffer.from(whole.replace('165e1606', `165e16${varint(40_000_000)}`), 'hex');
    rows.writeUInt32LE(rows.readUInt32LE(rows.length - 8) + 3, rows.length - 8);
    const reading = convert(rows, 'a.parquet', 'o.csv');
    await expect(reading).rejects.toThrow(
      'a.parquet: row group 1 has 40000000 rows of 1 columns; at most 33554432 cells are read at once.',
    );
    await expect(reading).rejects.toMatchObject({ code: 'OutOfMemoryLimit' });
    await expect(convert(Buffer.from(largePage, 'hex'), 'a.parquet', 'o.csv')).rejects.toThrow(
      'a.parquet cannot be read as Parquet: a page of 299999998 bytes, more than 268435456.',
    );
  });

  test('a packed file that is cut off', async () => {
    const whole = gzipSync(`age\n${'1\n'.repeat(5_000)}`);
    await expect(convert(whole.subarray(0, whole.length - 20), 'a.csv.gz', 'o.csv')).rejects.toThrow(
      'Z_BUF_ERROR',
    );
  });
});

test('gzip keeps nothing of the memory that it was given', async () => {
  const parts: Uint8Array[] = [];
  const target = {
    write: async (chunk: Uint8Array) => void parts.push(Buffer.from(chunk)),
    end: async () => undefined,
  };
  const sink = makeSink(target, formatOf('out.csv.gz'), { types: [] }, engine.info);
  const chunk = Buffer.alloc(5_000);
  for (let n = 0; n < 10; n += 1) {
    chunk.fill(`${n}`);
    await sink.write(chunk);
    chunk.fill('x');
  }
  await sink.end();
  const expected = Array.from({ length: 10 }, (_, n) => `${n}`.repeat(5_000)).join('');
  expect(gunzipSync(Buffer.concat(parts)).toString()).toBe(expected);
});
