/** Blob references: all forms of the contract, hostile ones, and messages that help without giving anything away. */
import { expect, test } from 'vitest';
import { isAbsentRef, parseBlobUrl, type BlobRef } from '../../shared/core/blob-ref.ts';
import { emulatorKey } from '../../shared/core/connection-string.ts';
import {
  azure,
  canarySas,
  connection,
  emulator,
  expectNoSecret,
  local,
  placeIn,
  refusalIn,
} from './blob-places.ts';

const base = 'https://acct.blob.core.windows.net/';
const devConnection = `DefaultEndpointsProtocol=https;AccountName=devstoreaccount1;AccountKey=${emulatorKey};BlobEndpoint=${emulator};`;

test.each([
  ['container/path/name.csv', 'container', 'path/name.csv'],
  ['/container/name.csv', 'container', 'name.csv'],
  ['container/name.TSV', 'container', 'name.TSV'],
  ['container/a b é # : + & ?.csv', 'container', 'a b é # : + & ?.csv'],
  ['container/a%20b%C3%A9%23%25.csv', 'container', 'a bé#%.csv'],
  ['container/100%.csv', 'container', '100%.csv'],
  ['container/a%2520b.csv', 'container', 'a%20b.csv'],
  ['container/a%2Fb.csv', 'container', 'a/b.csv'],
  ['con\n    tainer/na\r\n  me.csv', 'container', 'name.csv'],
  ['$root/x.csv', '$root', 'x.csv'],
  ['a-b-c/..x/x...csv', 'a-b-c', '..x/x...csv'],
  ['acct/container/name.csv', 'acct', 'container/name.csv'],
])('RelativeLocation %s', (RelativeLocation, container, name) => {
  const found = placeIn({ ConnectionString: connection, RelativeLocation });
  expect(found).toMatchObject({ endpoint: 'https://acct.blob.core.windows.net', container, name });
  const sasForm = { BaseLocation: base, RelativeLocation, SasBlobToken: canarySas };
  expect(placeIn(sasForm)).toMatchObject({ container, name, access: { kind: 'sas', token: canarySas } });
});

test.each<[string, BlobRef, string, string]>([
  [
    'the account in front of the container',
    { ConnectionString: devConnection, RelativeLocation: '/devstoreaccount1/c-1/x.csv' },
    'c-1',
    'x.csv',
  ],
  ['no account in front', { ConnectionString: devConnection, RelativeLocation: 'c-1/x.csv' }, 'c-1', 'x.csv'],
  [
    'a container that is called like the account',
    { ConnectionString: devConnection, RelativeLocation: 'devstoreaccount1/x.csv' },
    'devstoreaccount1',
    'x.csv',
  ],
  [
    'our own results: account in the base',
    { BaseLocation: `${emulator}/`, RelativeLocation: 'c-1/x%20y.csv', SasBlobToken: canarySas },
    'c-1',
    'x y.csv',
  ],
  [
    'only the host in the base',
    {
      BaseLocation: 'http://127.0.0.1:10000',
      RelativeLocation: 'devstoreaccount1/c-1/x.csv',
      SasBlobToken: canarySas,
    },
    'c-1',
    'x.csv',
  ],
  [
    'only the host, without its scheme',
    {
      BaseLocation: '127.0.0.1:10000',
      RelativeLocation: '/devstoreaccount1/c-1/x.csv',
      SasBlobToken: canarySas,
    },
    'c-1',
    'x.csv',
  ],
  [
    'localhost',
    {
      BaseLocation: 'http://localhost:10000/devstoreaccount1/',
      RelativeLocation: 'c-1/x.csv',
      SasBlobToken: canarySas,
    },
    'c-1',
    'x.csv',
  ],
  [
    'a container in the base',
    { BaseLocation: `${emulator}/c-1/`, RelativeLocation: 'x.csv', SasBlobToken: canarySas },
    'c-1',
    'x.csv',
  ],
])('the emulator: %s', (_, ref, container, name) => {
  expect(placeIn(ref, local)).toMatchObject({ endpoint: emulator, container, name });
});

test('a base with the container in it, percent-encoded, and a token without its question mark', () => {
  const ref = {
    BaseLocation: `${base}c-1/a%20b`,
    RelativeLocation: '100%.csv',
    SasBlobToken: canarySas.slice(1),
  };
  expect(placeIn(ref)).toMatchObject({
    container: 'c-1',
    name: 'a b/100%.csv',
    access: { token: canarySas },
  });
});

test('a base that is only a host is reached over https', () => {
  const ref = {
    BaseLocation: 'acct.blob.core.windows.net',
    RelativeLocation: '/c-1/x.csv',
    SasBlobToken: canarySas,
  };
  expect(placeIn(ref)).toMatchObject({ endpoint: 'https://acct.blob.core.windows.net', container: 'c-1' });
});

test('a connection string wins over the other two', () => {
  const ref = {
    ConnectionString: connection,
    BaseLocation: 'https://evil.example',
    RelativeLocation: 'c-1/x.csv',
    SasBlobToken: 'x',
  };
  expect(placeIn(ref).access.kind).toBe('key');
});

test('members that are all null, or blank, are no reference', () => {
  expect(isAbsentRef(null)).toBe(true);
  expect(isAbsentRef({})).toBe(true);
  expect(isAbsentRef({ ConnectionString: null, RelativeLocation: ' \n', BaseLocation: '' })).toBe(true);
  expect(isAbsentRef({ RelativeLocation: 'x' })).toBe(false);
});

test.each<[string, BlobRef, string, RegExp]>([
  [
    'no place',
    { RelativeLocation: 'c-1/x.csv' },
    'MissingInputBlobInformation',
    /Inputs\.input1\.ConnectionString is missing/,
  ],
  [
    'no name',
    { ConnectionString: connection },
    'MissingInputBlobInformation',
    /Inputs\.input1\.RelativeLocation is missing/,
  ],
  [
    'no token',
    { BaseLocation: base, RelativeLocation: 'c-1/x.csv' },
    'MissingInputBlobInformation',
    /Inputs\.input1\.SasBlobToken is missing/,
  ],
  [
    'a token that is none',
    { BaseLocation: base, RelativeLocation: 'c-1/x.csv', SasBlobToken: 'secretCanarySignature' },
    'InvalidBlob',
    /SasBlobToken is not a SAS token/,
  ],
  [
    'a token in the name',
    { ConnectionString: connection, RelativeLocation: `c-1/x.csv${canarySas}` },
    'InvalidBlob',
    /RelativeLocation holds a SAS token: move it into Inputs\.input1\.SasBlobToken/,
  ],
  [
    'a token in the base',
    { BaseLocation: base + canarySas, RelativeLocation: 'c-1/x.csv', SasBlobToken: canarySas },
    'InvalidBlob',
    /BaseLocation holds a SAS token/,
  ],
  [
    'a base elsewhere',
    { BaseLocation: 'https://evil.example/', RelativeLocation: 'c-1/x.csv', SasBlobToken: canarySas },
    'InvalidBlob',
    /"evil\.example" is not a storage host/,
  ],
  [
    'a bare host elsewhere',
    { BaseLocation: '169.254.169.254', RelativeLocation: 'c-1/x.csv', SasBlobToken: canarySas },
    'InvalidBlob',
    /"169\.254\.169\.254" is not a storage host/,
  ],
  [
    "a base of the cloud's own",
    { BaseLocation: 'http://169.254.169.254/', RelativeLocation: 'c-1/x.csv', SasBlobToken: canarySas },
    'InvalidBlob',
    /not a storage host/,
  ],
  [
    'a base on this machine',
    { BaseLocation: `${emulator}/`, RelativeLocation: 'c-1/x.csv', SasBlobToken: canarySas },
    'InvalidBlob',
    /not a storage host/,
  ],
  [
    'a URL for a name',
    { ConnectionString: connection, RelativeLocation: `${base}c-1/x.csv` },
    'InputBlobRelativeLocationInvalid',
    /is a URL: give only container/,
  ],
  [
    'upper case in the container',
    { ConnectionString: connection, RelativeLocation: 'Data/x.csv' },
    'ContainerSegmentInvalid',
    /"Data".*lower-case/,
  ],
  [
    'a container of two letters',
    { ConnectionString: connection, RelativeLocation: 'ab/x.csv' },
    'ContainerSegmentInvalid',
    /3 to 63/,
  ],
  [
    'two dashes',
    { ConnectionString: connection, RelativeLocation: 'a--b/x.csv' },
    'ContainerSegmentInvalid',
    /dashes/,
  ],
  [
    'no name behind the container',
    { ConnectionString: connection, RelativeLocation: 'container' },
    'InputBlobRelativeLocationInvalid',
    /names no blob/,
  ],
  [
    'only a slash',
    { ConnectionString: connection, RelativeLocation: 'container/' },
    'InputBlobRelativeLocationInvalid',
    /names no blob/,
  ],
  [
    'backslashes',
    { ConnectionString: connection, RelativeLocation: 'container\\x.csv' },
    'InputBlobRelativeLocationInvalid',
    /write \/ instead/,
  ],
  [
    'dots',
    { ConnectionString: connection, RelativeLocation: 'container/../other/x.csv' },
    'InputBlobRelativeLocationInvalid',
    /"\.\."/,
  ],
  [
    'encoded dots',
    { ConnectionString: connection, RelativeLocation: 'container/%2e%2E/other/x.csv' },
    'InputBlobRelativeLocationInvalid',
    /"\.\."/,
  ],
  [
    'an empty part',
    { ConnectionString: connection, RelativeLocation: 'container//x.csv' },
    'InputBlobRelativeLocationInvalid',
    /may not be empty/,
  ],
  [
    'a line break that was encoded',
    { ConnectionString: connection, RelativeLocation: 'container/x%0a.csv' },
    'InputBlobRelativeLocationInvalid',
    /control characters/,
  ],
  [
    'half a surrogate',
    { ConnectionString: connection, RelativeLocation: 'container/\ud800.csv' },
    'InputBlobRelativeLocationInvalid',
    /broken Unicode/,
  ],
  [
    'a long name',
    { ConnectionString: connection, RelativeLocation: `container/${'x'.repeat(1_100)}.csv` },
    'InputBlobRelativeLocationInvalid',
    /at most 1024/,
  ],
  [
    'a spreadsheet',
    { ConnectionString: connection, RelativeLocation: 'container/x.xlsx' },
    'InvalidBlobExtension',
    /"\.xlsx"\. Supported file extensions for this input type are: \.csv, \.tsv, \.arff, \.jsonl, \.parquet, \.csv\.gz, .*\.$/,
  ],
  [
    'no extension',
    { ConnectionString: connection, RelativeLocation: 'container/x' },
    'InvalidBlobExtension',
    /no file extension/,
  ],
  [
    'an extension in the folder only',
    { ConnectionString: connection, RelativeLocation: 'container/x.csv/y' },
    'InvalidBlobExtension',
    /no file extension/,
  ],
])('refused: %s', (_, ref, code, text) => {
  const refusal = refusalIn(ref);
  expect(refusal.code).toBe(code);
  expect(refusal.text).toMatch(text);
  expect(refusal.text).toMatch(/^Inputs\.input1/);
});

test.each([
  ['x.parquet.gz', /"\.gz"\. Supported file extensions for this output type are: \.csv, /],
  ['model.ilearner', /trained model \(\.ilearner\); this service scores data.*Supported file extensions/],
])('an output override to %s is refused with what is supported', (file, text) => {
  const use = { path: 'Outputs.output1', role: 'data-out' } as const;
  const refusal = refusalIn({ ConnectionString: connection, RelativeLocation: `c-1/${file}` }, azure, use);
  expect(refusal.code).toBe('InvalidBlobExtension');
  expect(refusal.text).toMatch(text);
});

test('what an output lacks has a code of its own', () => {
  const use = { path: 'Outputs.output1', role: 'data-out' } as const;
  expect(refusalIn({ RelativeLocation: 'c-1/x.csv' }, azure, use).code).toBe(
    'MissingOutputOverrideSpecification',
  );
});

const model = { path: 'properties.assets.model.locationInfo', role: 'other' } as const;

test.each([
  [{ uri: `${base}models/a%20b.onnx`, credentials: canarySas }],
  [{ uri: `${base}models/a%20b.onnx`, credentials: canarySas.slice(1) }],
  [{ uri: `${base}models/a%20b.onnx${canarySas}` }],
])('the URL of a model, with its token apart or in it', (location) => {
  const parsed = parseBlobUrl(location, model, azure);
  expect(parsed).toEqual({
    kind: 'place',
    place: {
      endpoint: base.slice(0, -1),
      container: 'models',
      name: 'a b.onnx',
      access: { kind: 'sas', token: canarySas },
    },
  });
});

test('the URL of a model on the emulator', () => {
  const parsed = parseBlobUrl({ uri: `${emulator}/models/x.onnx`, credentials: canarySas }, model, local);
  expect(parsed).toMatchObject({ place: { endpoint: emulator, container: 'models', name: 'x.onnx' } });
});

test.each([
  ['https://evil.example/m/x.onnx', /locationInfo\.uri cannot be used: "evil\.example"/],
  ['http://169.254.169.254/m/x.onnx', /not a storage host/],
  ['ftp://acct.blob.core.windows.net/m/x.onnx', /not a URL/],
  [base, /ContainerSegment|container/],
  [`${base}models`, /names no blob/],
])('a model is not fetched from %s', (uri, text) => {
  const parsed = parseBlobUrl({ uri, credentials: canarySas }, model, azure);
  if (parsed.kind !== 'refused') throw new Error('taken');
  expect(parsed.details[0]?.message).toMatch(text);
  expectNoSecret(parsed);
});

test('a model without a token is refused', () => {
  expect(parseBlobUrl({ uri: `${base}models/x.onnx` }, model, azure)).toMatchObject({ kind: 'refused' });
});
