/** Every setting: what a missing or malformed one says, what it is turned into, and that secrets are never shown. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  defaultTiers,
  emulatorConnectionString,
  placeholderSecrets,
  readSettings,
  SettingsError,
} from '../shared/settings.ts';

const root = join(import.meta.dirname, '..');
const good = {
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  MILLPOND_OPERATOR_KEY: 'operator-key-of-the-tests-0123456789',
  MILLPOND_MASTER_SECRET: Buffer.alloc(32, 7).toString('base64'),
};
const realAccount = `DefaultEndpointsProtocol=https;AccountName=millpond1;AccountKey=${Buffer.alloc(64, 1).toString('base64')};EndpointSuffix=core.windows.net`;

function refusal(env: Record<string, string | undefined>): SettingsError {
  try {
    readSettings(env);
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
  throw new Error('these settings were accepted');
}

describe('a setting that is missing or malformed names itself and the remedy', () => {
  test.each<[string, string | undefined, RegExp]>([
    ['AzureWebJobsStorage', undefined, /is missing.*UseDevelopmentStorage=true/],
    ['AzureWebJobsStorage', '', /is missing/],
    ['AzureWebJobsStorage', 'nonsense', /connection string/],
    ['AzureWebJobsStorage', 'AccountName=millpond1', /AccountKey/],
    ['AzureWebJobsStorage', 'AccountName=x@evil.example/;AccountKey=YWJj', /AccountName/],
    [
      'AzureWebJobsStorage',
      'AccountName=millpond1;AccountKey=YWJj;BlobEndpoint=ftp://x',
      /connection string/,
    ],
    ['MILLPOND_STORAGE', 'millpond1', /connection string.*managed identity, is not supported/],
    ['MILLPOND_OPERATOR_KEY', undefined, /is missing.*16 to 200 characters/],
    ['MILLPOND_OPERATOR_KEY', 'short', /16 to 200 characters/],
    ['MILLPOND_OPERATOR_KEY', 'with a blank 0123456789', /without blanks/],
    ['MILLPOND_MASTER_SECRET', undefined, /is missing.*32 random bytes/],
    ['MILLPOND_MASTER_SECRET', 'not base64 at all, is it', /base64/],
    ['MILLPOND_MASTER_SECRET', Buffer.alloc(31).toString('base64'), /at least 32/],
    ['MILLPOND_COMPUTE', 'cloud', /must be "local".*, but is "cloud"/],
    ['MILLPOND_COMPUTE', 'azure-batch', /this version has no other kind of VMs, but is "azure-batch"/],
    ['MILLPOND_CLASSIC_VMS', '65', /0 to 64, but is "65"/],
    ['MILLPOND_CLASSIC_VMS', '-1', /0 to 64/],
    ['MILLPOND_CLASSIC_RUNNING', '0', /1 to 999/],
    ['MILLPOND_JOB_MINUTES', '0', /1 to 10,?080/],
    ['MILLPOND_JOB_MEMORY_MB', '255', /256 to/],
    ['MILLPOND_UPLOAD_DAYS', '0', /1 to 365/],
    ['MILLPOND_CLASSIC_VMS', '1.5', /whole number/],
    ['MILLPOND_ALLOWED_STORAGE_HOSTS', 'a b,c', /host names with commas/],
    ['MILLPOND_ALLOWED_STORAGE_HOSTS', 'https://a.example', /host names/],
    ['MILLPOND_ALLOW_EMULATOR', 'yes', /"true" or "false"/],
    ['MILLPOND_PUBLIC_URL', 'millpond.example.org', /http/],
    ['MILLPOND_PUBLIC_URL', 'https://user:pass@millpond.example.org', /http/],
    ['MILLPOND_VM_HOLD_S', '26', /0 to 25/],
    ['MILLPOND_DISPATCH', 'sometimes', /"at-once" or "timer"/],
    ['TICK_SCHEDULE', 'every minute or so', /NCRONTAB/],
    ['TICK_SCHEDULE', '* * *', /5 or 6 fields/],
    ['MILLPOND_PLAN_TIERS', 'x', /JSON array.* \(it is not JSON\), but is "x"/],
    ['MILLPOND_PLAN_TIERS', '{', /\(it is not JSON\)/],
    ['MILLPOND_PLAN_TIERS', '[]', /JSON array/],
    ['MILLPOND_PLAN_TIERS', '[{"name":"S1","includedComputeMs":0.5}]', /at 0\.includedComputeMs/],
    ['MILLPOND_PLAN_TIERS', JSON.stringify([defaultTiers[0], defaultTiers[0]]), /name of its own/],
  ])('%s = %s', (name, value, sentence) => {
    const error = refusal({ ...good, [name]: value });
    expect(error.setting).toBe(name);
    expect(error.message.startsWith(`${name} `)).toBe(true);
    expect(error.message).toMatch(sentence);
    expect(error.message).toMatch(/local\.settings\.json\.$/);
  });

  test('a long value is cut', () => {
    expect(refusal({ ...good, MILLPOND_COMPUTE: 'x'.repeat(5_000) }).message.length).toBeLessThan(300);
  });

  test.each(['AzureWebJobsStorage', 'MILLPOND_STORAGE', 'MILLPOND_OPERATOR_KEY', 'MILLPOND_MASTER_SECRET'])(
    'a malformed %s is not shown',
    (name) => {
      const canary = 'Canary!Secret';
      expect(refusal({ ...good, [name]: canary }).message).not.toContain(canary);
    },
  );
});

describe('what is read', () => {
  test('earlier master secrets, and a malformed one is not shown', () => {
    const [one, two] = [1, 2].map((fill) => Buffer.alloc(32, fill).toString('base64'));
    const { earlierSecrets } = readSettings({ ...good, MILLPOND_EARLIER_SECRETS: `${one}, ${two}` });
    expect(earlierSecrets.map((bytes) => bytes[0])).toEqual([1, 2]);
    const broken = () => readSettings({ ...good, MILLPOND_EARLIER_SECRETS: `${one},c2hvcnQ=` });
    expect(broken).toThrow(/MILLPOND_EARLIER_SECRETS must be earlier master secrets/);
    expect(broken).not.toThrow(/c2hvcnQ|AQEB/);
  });

  test('defaults', () => {
    const { connectionString, masterSecret, ...rest } = readSettings(good);
    expect(masterSecret.length).toBe(32);
    expect(connectionString).toContain('AccountName=devstoreaccount1;');
    expect(rest).toEqual({
      operatorKey: good.MILLPOND_OPERATOR_KEY,
      earlierSecrets: [],
      compute: 'local',
      classicVms: 2,
      classicRunningMax: 40,
      jobMsMax: 86_400_000,
      uploadMs: 2_592_000_000,
      jobMemoryMb: 4_096,
      allowedStorageHosts: [],
      emulatorEndpoint: 'http://127.0.0.1:10000/devstoreaccount1',
      publicUrl: 'http://127.0.0.1:7071',
      vmHoldMs: 20_000,
      dispatch: 'at-once',
      tickSchedule: '*/5 * * * * *',
      tiers: defaultTiers,
      warnings: [],
    });
  });

  test('everything given', () => {
    const tier = {
      name: 'T',
      includedComputeMs: 1,
      includedTransactions: 2,
      microsPerHour: 3,
      microsPer1000Transactions: 4,
    };
    expect(
      readSettings({
        ...good,
        MILLPOND_STORAGE: realAccount,
        MILLPOND_COMPUTE: 'local',
        MILLPOND_CLASSIC_VMS: '0',
        MILLPOND_ALLOWED_STORAGE_HOSTS: 'A.example.org, 10.0.0.5:10000',
        MILLPOND_ALLOW_EMULATOR: 'false',
        MILLPOND_PUBLIC_URL: 'https://millpond.example.org/',
        MILLPOND_VM_HOLD_S: '0',
        MILLPOND_DISPATCH: 'timer',
        TICK_SCHEDULE: '00:00:30',
        MILLPOND_PLAN_TIERS: JSON.stringify([tier]),
      }),
    ).toEqual({
      connectionString: realAccount,
      operatorKey: good.MILLPOND_OPERATOR_KEY,
      masterSecret: new Uint8Array(32).fill(7),
      earlierSecrets: [],
      compute: 'local',
      classicVms: 0,
      classicRunningMax: 40,
      jobMsMax: 86_400_000,
      uploadMs: 2_592_000_000,
      jobMemoryMb: 4_096,
      allowedStorageHosts: ['a.example.org', '10.0.0.5:10000'],
      publicUrl: 'https://millpond.example.org',
      vmHoldMs: 0,
      dispatch: 'timer',
      tickSchedule: '00:00:30',
      tiers: [{ ...tier, refillDays: 30, suspendOnOverage: false }],
      warnings: [],
    });
  });

  test('a name that is no setting is warned about, with the nearest one', () => {
    const { warnings } = readSettings({
      ...good,
      MILLPOND_CLASIC_VMS: '3',
      MILLPOND_WHATEVER: '1',
      MILLPOND_EMPTY: '',
      MILLION: 'x',
    });
    expect(warnings).toEqual([
      'MILLPOND_CLASIC_VMS is no setting and changes nothing. Did you mean MILLPOND_CLASSIC_VMS?',
      'MILLPOND_WHATEVER is no setting and changes nothing.',
    ]);
  });

  test('every setting of the README is known', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const names = [...readme.matchAll(/^\| `(MILLPOND_[A-Z_]+)`/gm)].map(([, name]) => name ?? '');
    expect(names.length).toBeGreaterThan(10);
    // A bad value may be refused; what is good or refused is known.
    for (const name of names) {
      try {
        expect(readSettings({ ...good, [name]: '1' }).warnings).toEqual([]);
      } catch (error) {
        if (!(error instanceof SettingsError)) throw error;
      }
    }
  });

  test('S1 costs beyond its quantities what was published: 2 USD an hour, 0.50 USD per 1,000 transactions', () => {
    const s1 = defaultTiers.find(({ name }) => name === 'S1');
    expect([s1?.microsPerHour, s1?.microsPer1000Transactions]).toEqual([2_000_000, 500_000]);
  });

  test('the emulator on other ports', () => {
    const elsewhere = emulatorConnectionString({ blob: 4_001, queue: 4_002, table: 4_003 });
    const settings = readSettings({ ...good, AzureWebJobsStorage: elsewhere });
    expect(settings.emulatorEndpoint).toBe('http://127.0.0.1:4001/devstoreaccount1');
    expect(settings.connectionString).toBe(elsewhere);
  });

  test('in Azure too the VMs are processes of the host', () => {
    expect(readSettings({ ...good, WEBSITE_INSTANCE_ID: 'abc' }).compute).toBe('local');
  });
});

describe('the emulator is for development', () => {
  test('on a real account callers cannot name it', () => {
    const env = { ...good, AzureWebJobsStorage: realAccount };
    expect(readSettings(env).emulatorEndpoint).toBeUndefined();
    expect(refusal({ ...env, MILLPOND_ALLOW_EMULATOR: 'true' }).setting).toBe('MILLPOND_ALLOW_EMULATOR');
  });

  test('the placeholders of the sample are accepted with it, each with a warning', () => {
    const { warnings } = readSettings({ ...good, ...placeholderSecrets });
    expect(warnings.map((warning) => warning.split(' ')[0])).toEqual(Object.keys(placeholderSecrets));
    for (const secret of Object.values(placeholderSecrets)) expect(warnings.join()).not.toContain(secret);
  });

  test.each(Object.entries(placeholderSecrets))(
    'and %s of the sample not without it',
    (name, placeholder) => {
      for (const storage of [{ AzureWebJobsStorage: realAccount }, { MILLPOND_STORAGE: realAccount }]) {
        const error = refusal({ ...good, ...storage, [name]: placeholder });
        expect(error.setting).toBe(name);
        expect(error.message).toMatch(/placeholder/);
        expect(error.message).not.toContain(placeholder);
      }
    },
  );
});

describe('what Core Tools reads', () => {
  const json = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'));

  test('host.json: version 2.0, no route prefix, no extension bundle', () => {
    const host = json('host.json');
    expect(host).toMatchObject({ version: '2.0', extensions: { http: { routePrefix: '' } } });
    expect(host).not.toHaveProperty('extensionBundle');
  });

  test('package.json: ES modules, found by the glob of its main', () => {
    expect(json('package.json')).toMatchObject({ type: 'module', main: 'dist/functions/*.js' });
  });

  test('local.settings.sample.json works as it is with the emulator', () => {
    const sample = json('local.settings.sample.json') as {
      IsEncrypted: boolean;
      Values: Record<string, string>;
    };
    expect(sample).toMatchObject({
      IsEncrypted: false,
      Values: {
        FUNCTIONS_WORKER_RUNTIME: 'node',
        AzureWebJobsDisableHomepage: 'true',
        AzureWebJobsStorage: 'UseDevelopmentStorage=true',
        ...placeholderSecrets,
      },
    });
    expect(Object.values(sample.Values).every((value) => typeof value === 'string')).toBe(true);
    expect(readSettings(sample.Values).warnings).toHaveLength(2);
  });
});
