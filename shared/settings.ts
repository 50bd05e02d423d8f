/** The settings, read once from the environment, checked, and turned into plain data; a bad one is one sentence. */
import { z } from 'zod';
import { limits } from './core/limits.ts';
import { hourMs, type Tier } from './core/plan.ts';
import { unknownSettings, type SettingName } from './setting-names.ts';

type Env = Readonly<Record<string, string | undefined>>;

export type Settings = {
  /**
   * Where our own tables and blobs are. Complete: account, key and, for the emulator, explicit endpoints
   * (`UseDevelopmentStorage=true` is expanded).
   */
  readonly connectionString: string;
  readonly operatorKey: string;
  /** At least 32 bytes. */
  readonly masterSecret: Uint8Array;
  /** What was sealed with them is still opened; nothing is sealed or derived with them. */
  readonly earlierSecrets: readonly Uint8Array[];
  /** Which kind of machines are made: a kind that this version does not have is refused where it is read. */
  readonly compute: 'local';
  /** 0 to 64. */
  readonly classicVms: number;
  /** 1 to 999: BES jobs of one classic endpoint that run at a time. */
  readonly classicRunningMax: number;
  /** Lower-case host names, with a port where one was given, that callers' blobs may lie on besides Azure's own. */
  readonly allowedStorageHosts: readonly string[];
  /** The emulator's blob endpoint, without a slash at the end, where callers may name the emulator. */
  readonly emulatorEndpoint?: string;
  /** Without a slash at the end. */
  readonly publicUrl: string;
  /** 0 to 25,000. */
  readonly vmHoldMs: number;
  /** Longest run of one attempt of a job. */
  readonly jobMsMax: number;
  /** How long uploaded files are kept: 1 to 365 days. */
  readonly uploadMs: number;
  /** MiB, 256 to 1,048,576: resident memory of a VM while it runs a job. */
  readonly jobMemoryMb: number;
  readonly dispatch: 'at-once' | 'timer';
  readonly tickSchedule: string;
  readonly tiers: readonly Tier[];
  /** Sentences for whoever starts the program; they hold no secret. */
  readonly warnings: readonly string[];
};

/** A setting that is missing or malformed; the message names it and the remedy, and never holds a secret's value. */
export class SettingsError extends Error {
  readonly setting: string;
  constructor(setting: string, message: string) {
    super(message);
    this.name = 'SettingsError';
    this.setting = setting;
  }
}

/** What local.settings.sample.json says; good for nothing but the emulator. */
export const placeholderSecrets = {
  MILLPOND_OPERATOR_KEY: 'placeholder-operator-key-for-the-emulator-only',
  MILLPOND_MASTER_SECRET: 'cGxhY2Vob2xkZXItbWFzdGVyLXNlY3JldC1mb3ItdGhlLWVtdWxhdG9yLW9ubHk=',
} as const;

/** Published by Microsoft for the storage emulator: the same everywhere, and no secret. */
const emulatorAccount = 'devstoreaccount1';
const emulatorKey =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** The emulator's connection string, with an endpoint for each of its ports. */
export function emulatorConnectionString(ports: { blob: number; queue: number; table: number }): string {
  const endpoint = (service: string, port: number) =>
    `${service}Endpoint=http://127.0.0.1:${port}/${emulatorAccount};`;
  return (
    `DefaultEndpointsProtocol=http;AccountName=${emulatorAccount};AccountKey=${emulatorKey};` +
    endpoint('Blob', ports.blob) +
    endpoint('Queue', ports.queue) +
    endpoint('Table', ports.table)
  );
}

export const emulatorPorts = { blob: 10_000, queue: 10_001, table: 10_002 } as const;

/** Overage of S1 is the published one (bes-contract.md, section 7); the rest is ours, and configuration. */
export const defaultTiers: readonly Tier[] = [
  tier('S1', 25, 100_000, 2_000_000, 500_000),
  tier('S2', 500, 2_000_000, 1_500_000, 250_000),
  tier('S3', 12_500, 50_000_000, 1_000_000, 100_000),
  { ...tier('DevTest', 2, 1_000, 0, 0), suspendOnOverage: true },
];

function tier(
  name: string,
  includedHours: number,
  includedTransactions: number,
  microsPerHour: number,
  microsPer1000Transactions: number,
): Tier {
  const includedComputeMs = includedHours * hourMs;
  const rates = { microsPerHour, microsPer1000Transactions };
  return { name, includedComputeMs, includedTransactions, ...rates, refillDays: 30, suspendOnOverage: false };
}

/**
 * Reads every setting of api.md ("Settings") from an environment; an empty value counts as absent.
 * @throws SettingsError for the first one that is missing or malformed.
 */
export function readSettings(env: Env): Settings {
  const text = (name: SettingName) => env[name]?.trim() || undefined;
  const webJobs = readWebJobsStorage(text('AzureWebJobsStorage'));
  const connectionString = readStorage(text('MILLPOND_STORAGE'), webJobs);
  const operatorKey = read(env, 'MILLPOND_OPERATOR_KEY', operatorKeySchema);
  const masterSecret = read(env, 'MILLPOND_MASTER_SECRET', masterSecretSchema);
  const earlierSecrets = read(env, 'MILLPOND_EARLIER_SECRETS', earlierSecretsSchema);
  const onEmulator = webJobs !== undefined && isEmulator(webJobs) && isEmulator(connectionString);
  const emulatorEndpoint = readEmulatorEndpoint(env, webJobs);
  return {
    connectionString,
    operatorKey,
    masterSecret,
    earlierSecrets,
    compute: read(env, 'MILLPOND_COMPUTE', computeSchema),
    classicVms: read(env, 'MILLPOND_CLASSIC_VMS', wholeNumber(0, 64, 2)),
    classicRunningMax: read(env, 'MILLPOND_CLASSIC_RUNNING', wholeNumber(1, 999, limits.classicRunningMax)),
    jobMsMax: read(env, 'MILLPOND_JOB_MINUTES', wholeNumber(1, 10_080, 1_440)) * 60_000,
    uploadMs: read(env, 'MILLPOND_UPLOAD_DAYS', wholeNumber(1, 365, 30)) * 86_400_000,
    jobMemoryMb: read(env, 'MILLPOND_JOB_MEMORY_MB', wholeNumber(256, 1_048_576, 4_096)),
    allowedStorageHosts: read(env, 'MILLPOND_ALLOWED_STORAGE_HOSTS', hostsSchema),
    ...(emulatorEndpoint === undefined ? {} : { emulatorEndpoint }),
    publicUrl: read(env, 'MILLPOND_PUBLIC_URL', publicUrlSchema),
    vmHoldMs: 1_000 * read(env, 'MILLPOND_VM_HOLD_S', wholeNumber(0, 25, 20)),
    dispatch: read(env, 'MILLPOND_DISPATCH', dispatchSchema),
    tickSchedule: read(env, 'TICK_SCHEDULE', tickScheduleSchema),
    tiers: read(env, 'MILLPOND_PLAN_TIERS', tiersSchema),
    warnings: [...checkPlaceholders(env, onEmulator), ...unknownSettings(env)],
  };
}

/** Their values are never shown. */
const secretSettings: readonly SettingName[] = [
  'AzureWebJobsStorage',
  'MILLPOND_STORAGE',
  'MILLPOND_OPERATOR_KEY',
  'MILLPOND_MASTER_SECRET',
  'MILLPOND_EARLIER_SECRETS',
];
const generate = 'node -p "crypto.randomBytes(48).toString(\'base64\')"';
const where = 'in the environment or among the Values of local.settings.json';

/** Each schema takes the text, or undefined, and its messages continue the sentence after the setting's name. */
function read<T>(env: Env, name: SettingName, schema: z.ZodType<T>): T {
  const value = env[name]?.trim() || undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw refuse(name, value, parsed.error.issues[0]?.message ?? 'is malformed');
}

function refuse(name: SettingName, value: string | undefined, problem: string): SettingsError {
  if (value === undefined)
    return new SettingsError(name, `${name} is missing: it ${problem}; set it ${where}.`);
  const shown = secretSettings.includes(name) ? '' : `, but is ${JSON.stringify(cut(value))}`;
  return new SettingsError(name, `${name} ${problem}${shown}; correct it ${where}.`);
}

function cut(value: string): string {
  return value.length > 60 ? `${value.slice(0, 60)}...` : value;
}

const operatorKeySchema = z
  .string({ error: `must be a key of 16 to 200 characters (for example: ${generate})` })
  .regex(/^[\x21-\x7e]{16,200}$/, {
    error: `must be a key of 16 to 200 characters of ASCII without blanks (for example: ${generate})`,
  });

const masterSecretMessage = `must be base64 of at least 32 random bytes (for example: ${generate})`;
const masterSecretSchema = z
  .base64({ error: masterSecretMessage })
  .transform((text) => new Uint8Array(Buffer.from(text, 'base64')))
  .refine((bytes) => bytes.length >= 32, { error: masterSecretMessage });

const earlierSecretsMessage =
  'must be earlier master secrets, each base64 of at least 32 bytes, with commas between them';
const earlierSecretsSchema = z
  .string()
  .transform((text) => text.split(',').map((one) => masterSecretSchema.safeParse(one.trim())))
  .refine((all) => all.every(({ success }) => success), { error: earlierSecretsMessage })
  .transform((all) => all.flatMap(({ data }) => (data === undefined ? [] : [data])))
  .default([]);

const computeSchema = z
  .enum(['local'], {
    error: 'must be "local", child processes of the host: this version has no other kind of VMs',
  })
  .default('local');

const dispatchSchema = z
  .enum(['at-once', 'timer'], { error: 'must be "at-once" or "timer"' })
  .default('at-once');

function wholeNumber(min: number, max: number, byDefault: number): z.ZodType<number> {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, { error })
    .transform(Number)
    .refine((n) => n >= min && n <= max, { error })
    .default(byDefault);
}

const hostsSchema = z
  .string()
  .transform((list) => list.split(',').map((host) => host.trim().toLowerCase()))
  .pipe(
    z.array(
      z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/, {
        error: 'must be host names with commas between them (blobs.example.org,10.0.0.5:10000)',
      }),
    ),
  )
  .default([]);

const publicUrlSchema = z
  .string()
  .refine(isBaseUrl, {
    error:
      'must be the http(s) address under which callers and VMs reach this app (https://millpond.example.org)',
  })
  .transform((url) => url.replace(/\/+$/, ''))
  .default('http://127.0.0.1:7071');

function isBaseUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return false;
  return url.search === '' && url.hash === '' && url.username === '' && url.password === '';
}

const tickScheduleSchema = z
  .string()
  .regex(/^([\w*,/-]+(\s+[\w*,/-]+){4,5}|(\d+\.)?\d{1,2}:\d{2}:\d{2})$/, {
    error: 'must be an NCRONTAB schedule of 5 or 6 fields (*/30 * * * * *) or a time span (00:00:30)',
  })
  .default('*/5 * * * * *');

const amount = z.int().nonnegative();
const tierSchema = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9._-]{1,32}$/),
  includedComputeMs: amount,
  includedTransactions: amount,
  microsPerHour: amount,
  microsPer1000Transactions: amount,
  refillDays: z.int().min(1).max(366).default(30),
  suspendOnOverage: z.boolean().default(false),
});

const tiersSchema = z
  .string()
  .transform((text, context): readonly Tier[] => {
    const json = parseJson(text);
    if (json === undefined) {
      context.addIssue(`${tiersMessage} (it is not JSON)`);
      return z.NEVER;
    }
    const parsed = z.array(tierSchema).min(1).safeParse(json);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      context.addIssue(`${tiersMessage} (at ${issue?.path.join('.') || 'its root'}: ${issue?.message})`);
      return z.NEVER;
    }
    if (new Set(parsed.data.map((t) => t.name.toLowerCase())).size < parsed.data.length) {
      context.addIssue(`${tiersMessage}, each with a name of its own`);
      return z.NEVER;
    }
    return parsed.data;
  })
  .default(defaultTiers);

const tiersMessage =
  'must be a JSON array of tiers {"name", "includedComputeMs", "includedTransactions", "microsPerHour", ' +
  '"microsPer1000Transactions", "refillDays"?, "suspendOnOverage"?}, all numbers whole';

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const connectionStringMessage =
  'must be a connection string with AccountName and AccountKey, or UseDevelopmentStorage=true';

function readWebJobsStorage(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const connectionString = completeConnectionString(value);
  if (connectionString === undefined) throw refuse('AzureWebJobsStorage', value, connectionStringMessage);
  return connectionString;
}

function readStorage(value: string | undefined, webJobs: string | undefined): string {
  if (value !== undefined) {
    const connectionString = completeConnectionString(value);
    if (connectionString !== undefined) return connectionString;
    throw refuse(
      'MILLPOND_STORAGE',
      value,
      `${connectionStringMessage} (an account's name alone, for a managed identity, is not supported)`,
    );
  }
  if (webJobs === undefined) throw refuse('AzureWebJobsStorage', undefined, connectionStringMessage);
  return webJobs;
}

/** The string with everything the adapters need, or undefined when something of it is missing or malformed. */
function completeConnectionString(text: string): string | undefined {
  const parts = connectionStringParts(text);
  if (parts.get('usedevelopmentstorage')?.toLowerCase() === 'true') {
    return emulatorConnectionString(emulatorPorts);
  }
  if (!/^[a-z0-9]{3,24}$/.test(parts.get('accountname') ?? '')) return undefined;
  if (!z.base64().min(1).safeParse(parts.get('accountkey')).success) return undefined;
  const endpoints = ['blobendpoint', 'tableendpoint', 'queueendpoint'].map((name) => parts.get(name));
  if (endpoints.some((endpoint) => endpoint !== undefined && !isBaseUrl(endpoint))) return undefined;
  return text;
}

function connectionStringParts(text: string): ReadonlyMap<string, string> {
  const pairs = text.split(';').map((pair) => pair.split(/=(.*)/s));
  return new Map(pairs.map(([name = '', value = '']) => [name.trim().toLowerCase(), value.trim()]));
}

/** The emulator's account exists nowhere else. */
function isEmulator(connectionString: string): boolean {
  return connectionStringParts(connectionString).get('accountname') === emulatorAccount;
}

const allowEmulatorSchema = z.enum(['true', 'false'], { error: 'must be "true" or "false"' }).optional();

function readEmulatorEndpoint(env: Env, webJobs: string | undefined): string | undefined {
  const allow = read(env, 'MILLPOND_ALLOW_EMULATOR', allowEmulatorSchema);
  if (allow === 'false') return undefined;
  if (webJobs !== undefined && isEmulator(webJobs)) {
    const endpoint = connectionStringParts(webJobs).get('blobendpoint');
    return (endpoint ?? `http://127.0.0.1:${emulatorPorts.blob}/${emulatorAccount}`).replace(/\/+$/, '');
  }
  if (allow === undefined) return undefined;
  throw refuse(
    'MILLPOND_ALLOW_EMULATOR',
    allow,
    'may be "true" only where AzureWebJobsStorage is the emulator (a caller could otherwise reach this machine)',
  );
}

/** @throws SettingsError for a placeholder where real data may be. @returns a warning for each on the emulator. */
function checkPlaceholders(env: Env, onEmulator: boolean): readonly string[] {
  return (['MILLPOND_OPERATOR_KEY', 'MILLPOND_MASTER_SECRET'] as const)
    .filter((name) => env[name]?.trim() === placeholderSecrets[name])
    .map((name) => {
      if (onEmulator) {
        return `${name} is the sample's placeholder, which everybody knows: good for the emulator on this machine only.`;
      }
      throw refuse(
        name,
        env[name],
        `is the sample's placeholder, which is accepted with the emulator only: make one of your own (${generate})`,
      );
    });
}
