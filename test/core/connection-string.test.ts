/** Connection strings: every form that clients send is understood, and none leads anywhere but to storage. */
import { expect, test } from 'vitest';
import { emulatorKey, parseConnectionString, parseSas } from '../../shared/core/connection-string.ts';
import { azure, canaryKey, canarySas, connection, emulator, expectNoSecret, local } from './blob-places.ts';

const path = 'Inputs.input1.ConnectionString';
const key = { kind: 'key', account: 'acct', key: canaryKey };
const atAzure = {
  kind: 'account',
  endpoint: 'https://acct.blob.core.windows.net',
  account: 'acct',
  access: key,
};
const devKey = { kind: 'key', account: 'devstoreaccount1', key: emulatorKey };
const atEmulator = { kind: 'account', endpoint: emulator, account: 'devstoreaccount1', access: devKey };
const dev = `AccountName=devstoreaccount1;AccountKey=${emulatorKey}`;

test.each([
  ['account and key', `AccountName=acct;AccountKey=${canaryKey}`, atAzure],
  ['protocol and suffix', connection, atAzure],
  ['a semicolon at its end', `${connection};`, atAzure],
  [
    'line breaks and blanks around names and values',
    connection.replaceAll(';', ' ;\r\n    ').replaceAll('=https', '\n  = https'),
    atAzure,
  ],
  ['a name broken into two lines', connection.replace('AccountName', 'Account\n     Name'), atAzure],
  [
    'a key broken into two lines',
    connection.replace(canaryKey, `${canaryKey.slice(0, 40)}\n  ${canaryKey.slice(40)}`),
    atAzure,
  ],
  ['names in another case', connection.replace('AccountName', 'accountname'), atAzure],
  [
    'endpoints of other services, even of another account',
    `BlobEndpoint=https://acct.blob.core.windows.net/;TableEndpoint=https://other.table.core.windows.net/;QueueEndpoint=http://169.254.169.254/;FileEndpoint=x;AccountName=acct;AccountKey=${canaryKey};`,
    atAzure,
  ],
  [
    'a blob endpoint without an account name',
    `BlobEndpoint=https://acct.blob.core.windows.net;AccountKey=${canaryKey}`,
    atAzure,
  ],
  [
    'the old http protocol, which gets https',
    `DefaultEndpointsProtocol=http;AccountName=acct;AccountKey=${canaryKey}`,
    atAzure,
  ],
  [
    'a shared access signature',
    `BlobEndpoint=https://acct.blob.core.windows.net/;SharedAccessSignature=${canarySas.slice(1)}`,
    { ...atAzure, access: { kind: 'sas', token: canarySas } },
  ],
  [
    'China',
    `AccountName=acct;AccountKey=${canaryKey};EndpointSuffix=core.chinacloudapi.cn`,
    { ...atAzure, endpoint: 'https://acct.blob.core.chinacloudapi.cn' },
  ],
  [
    'a DNS zone endpoint',
    `BlobEndpoint=https://acct.z12.blob.storage.azure.net/;AccountName=acct;AccountKey=${canaryKey}`,
    { ...atAzure, endpoint: 'https://acct.z12.blob.storage.azure.net' },
  ],
  [
    'a host that the operator allows',
    `BlobEndpoint=https://blobs.example.org/acct;AccountName=acct;AccountKey=${canaryKey}`,
    { ...atAzure, endpoint: 'https://blobs.example.org/acct' },
  ],
  [
    'an allowed host with its port',
    `BlobEndpoint=https://10.0.0.5:8443;AccountName=acct;AccountKey=${canaryKey}`,
    { ...atAzure, endpoint: 'https://10.0.0.5:8443' },
  ],
])('%s', (_, text, expected) => {
  expect(parseConnectionString(text, path, azure)).toEqual(expected);
});

test.each([
  ['UseDevelopmentStorage=true'],
  [' UseDevelopmentStorage = True ;'],
  [`DefaultEndpointsProtocol=http;${dev};BlobEndpoint=${emulator};`],
  [`DefaultEndpointsProtocol=https;${dev};BlobEndpoint=${emulator}/;`],
  [`${dev};BlobEndpoint=http://localhost:10000/devstoreaccount1`],
  [
    `${dev};BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1`,
  ],
])('the emulator where the settings have one: %s', (text) => {
  expect(parseConnectionString(text, path, local)).toEqual(atEmulator);
});

test('UseDevelopmentStorage means the emulator of the settings, whatever its port', () => {
  const endpoint = 'http://127.0.0.1:34567/devstoreaccount1';
  const trust = { allowedHosts: [], emulatorEndpoint: endpoint };
  expect(parseConnectionString('UseDevelopmentStorage=true', path, trust)).toMatchObject({ endpoint });
});

const withKey = `AccountKey=${canaryKey}`;
test.each([
  ['UseDevelopmentStorage=true', /does not use the storage emulator/],
  [
    'UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://169.254.169.254',
    /does not use the storage emulator/,
  ],
  [`AccountName=acct;${withKey};BlobEndpoint=${emulator}`, /"127\.0\.0\.1:10000" is not a storage host/],
  [
    `AccountName=acct;${withKey};BlobEndpoint=http://169.254.169.254/`,
    /"169\.254\.169\.254" is not a storage host/,
  ],
  [`AccountName=acct;${withKey};BlobEndpoint=https://169.254.169.254/`, /not a storage host/],
  [`AccountName=acct;${withKey};BlobEndpoint=https://168.63.129.16/`, /not a storage host/],
  [`AccountName=acct;${withKey};BlobEndpoint=https://[::1]/`, /not a storage host/],
  [`AccountName=acct;${withKey};BlobEndpoint=https://0x7f.1/`, /not a storage host/],
  [`AccountName=x@evil.example/;${withKey}`, /3 to 24 lower-case letters and digits/],
  [`AccountName=${canaryKey};${withKey}`, /3 to 24 lower-case letters and digits/],
  [`AccountName=acct#;${withKey}`, /3 to 24/],
  [`AccountName=Acct;${withKey}`, /3 to 24/],
  [`AccountName=ac;${withKey}`, /3 to 24/],
  [
    `AccountName=acct;${withKey};EndpointSuffix=evil.example`,
    /"acct\.blob\.evil\.example" is not a storage host/,
  ],
  [`AccountName=acct;${withKey};EndpointSuffix=core.windows.net.evil.example`, /not a storage host/],
  [
    `AccountName=acct;${withKey};EndpointSuffix=core.windows.net@evil.example`,
    /EndpointSuffix that is not a host name/,
  ],
  [
    `AccountName=acct;${withKey};EndpointSuffix=core.windows.net/../x`,
    /EndpointSuffix that is not a host name/,
  ],
  [
    `AccountName=acct;${withKey};EndpointSuffix=core.windows.net:444`,
    /EndpointSuffix that is not a host name/,
  ],
  [
    `AccountName=acct;${withKey};BlobEndpoint=http://acct.blob.core.windows.net/`,
    /must be reached over https/,
  ],
  [`AccountName=acct;${withKey};BlobEndpoint=https://acct.blob.core.windows.net:444/`, /names a port/],
  [
    `AccountName=acct;${withKey};BlobEndpoint=https://x@acct.blob.core.windows.net/`,
    /user name or a password/,
  ],
  [
    `AccountName=acct;${withKey};BlobEndpoint=https://acct.blob.core.windows.net@evil.example/`,
    /user name or a password/,
  ],
  [
    `AccountName=acct;${withKey};BlobEndpoint=https://acct.blob.core.windows.net\\@evil.example/`,
    /not a URL/,
  ],
  [
    `AccountName=acct;${withKey};BlobEndpoint=https://acct.blob.core.windows.net.evil.example/`,
    /not a storage host/,
  ],
  [
    `AccountName=acct;${withKey};BlobEndpoint=https://evil.example/?acct.blob.core.windows.net`,
    /query or a fragment/,
  ],
  [
    `AccountName=acct;${withKey};BlobEndpoint=https://evil.example/#.blob.core.windows.net`,
    /query or a fragment/,
  ],
  [`AccountName=acct;${withKey};BlobEndpoint=https://blob.core.windows.net/`, /not a storage host/],
  [`AccountName=acct;${withKey};BlobEndpoint=https://a.b.blob.core.windows.net/`, /not a storage host/],
  [`AccountName=acct;${withKey};BlobEndpoint=https://аcct.blob.core.windows.net/`, /not a storage host/],
  [`AccountName=acct;${withKey};BlobEndpoint=https://acct.blob.core.windows.net./`, /not a storage host/],
  [
    `AccountName=acct;${withKey};BlobEndpoint=https://acct-secondary.blob.core.windows.net/`,
    /not a storage host/,
  ],
  [
    `AccountName=acct;${withKey};BlobEndpoint=https://acct.blob.core.windows.net/container`,
    /BlobEndpoint with a path/,
  ],
  [`AccountName=acct;${withKey};BlobEndpoint=http://blobs.example.org/`, /not a storage host/],
  [`AccountName=acct;${withKey};BlobEndpoint=https://blobs.example.org:444/`, /not a storage host/],
  [`AccountName=acct;${withKey};BlobEndpoint=https://10.0.0.5/`, /not a storage host/],
  [`AccountName=acct;${withKey};BlobEndpoint=file:///etc/passwd`, /not a URL/],
  [`AccountName=acct;${withKey};BlobEndpoint=//evil.example`, /not a URL/],
  [`AccountName=acct;${withKey};BlobEndpoint=https:evil.example`, /not a URL/],
  [`AccountName=acct;${withKey};DefaultEndpointsProtocol=ftp`, /neither https nor http/],
  [`AccountName=acct;${withKey};AccountName=other`, /gives AccountName twice/],
  [
    `AccountName=acct;${withKey};BlobEndpoint=https://other.blob.core.windows.net/`,
    /names two accounts: BlobEndpoint "other" and AccountName "acct"/,
  ],
  [`AccountName=acct`, /has no AccountKey/],
  [`AccountName=acct;AcountKey=${canaryKey}`, /has no AccountKey\. Is AccountKey misspelt in it\?/],
  [withKey, /has no AccountName/],
  ['AccountName=acct;AccountKey=', /has no AccountKey/],
  ['AccountName=acct;AccountKey=&lt;Key&gt;;', /placeholder/],
  ['AccountName=acct;AccountKey=<your key>', /placeholder/],
  ['AccountName=acct;AccountKey=abc', /not base64/],
  [`AccountName=acct;AccountKey=${canaryKey.slice(0, -1)}`, /not base64/],
  [canaryKey, /has no AccountName/],
  [`https://acct.blob.core.windows.net/c/x.csv${canarySas}`, /has no AccountName|not a connection string/],
  ['hello', /not a connection string/],
  [`BlobEndpoint=https://acct.blob.core.windows.net;SharedAccessSignature=${canarySas}#x`, /not a SAS token/],
  [`BlobEndpoint=https://acct.blob.core.windows.net;SharedAccessSignature=sv=1`, /not a SAS token/],
])('refused: %s', (text, reason) => {
  const parsed = parseConnectionString(text, path, azure);
  if (parsed.kind !== 'refused') throw new Error(`taken: ${parsed.endpoint}`);
  expect(parsed.details[0]?.code).toBe('InvalidBlobConnectionString');
  expect(parsed.details[0]?.message).toMatch(reason);
  expect(parsed.details[0]?.message).toContain(path);
  expectNoSecret(parsed);
});

test('UseDevelopmentStorage is refused where the emulator has another account', () => {
  const trust = { allowedHosts: [], emulatorEndpoint: 'http://127.0.0.1:10000/other' };
  const parsed = parseConnectionString('UseDevelopmentStorage=true', path, trust);
  expect(parsed).toMatchObject({ details: [{ message: expect.stringContaining('the account "other"') }] });
});

test('the emulator does not open the machine it is on', () => {
  for (const endpoint of [
    'http://127.0.0.1:10001/devstoreaccount1',
    'https://127.0.0.1:10000/devstoreaccount1',
    'http://127.0.0.2:10000/devstoreaccount1',
    'http://127.0.0.1:10000/other',
    'http://127.0.0.1:10000/devstoreaccount1/../other',
  ]) {
    expect(parseConnectionString(`${dev};BlobEndpoint=${endpoint}`, path, local)).toHaveProperty(
      'kind',
      'refused',
    );
  }
});

test('SAS tokens come with and without a question mark, and broken into lines', () => {
  expect(parseSas(canarySas.slice(1))).toBe(canarySas);
  expect(parseSas(`${canarySas.slice(0, 30)}\n   ${canarySas.slice(30)} `)).toBe(canarySas);
  expect(parseSas('?sv=1&sig=')).toBeUndefined();
  expect(parseSas('sig=a b')).toBeUndefined();
});
