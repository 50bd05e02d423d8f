/** host.json and local.settings.json: what of them counts here, refused or warned about before anything starts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CorsRules } from './cors.ts';
import { refuse } from './refusal.ts';
import { parseTimeSpan } from './time-span.ts';

export type HostConfig = {
  readonly routePrefix: string;
  /** Infinity = unbounded, as a negative span or one of more than 24 days says; default 30 min. */
  readonly functionTimeoutMs: number;
  /** Requests at once before 429: the smaller of `maxOutstandingRequests` and `maxConcurrentRequests`; default Infinity. */
  readonly requestsMax: number;
  readonly customHeaders: Readonly<Record<string, string>>;
  readonly logLevels: Readonly<Record<string, string>>;
  /** `functions`: only these are loaded; undefined = all. */
  readonly only: readonly string[] | undefined;
  readonly warnings: readonly string[];
};
export type LocalSettings = {
  readonly values: Readonly<Record<string, string>>;
  readonly port: number | undefined;
  readonly cors: CorsRules;
};

const known =
  `version functionTimeout logging extensions extensionBundle aggregator applicationInsights concurrency
  customHandler functions healthMonitor managedDependency retry singleton sendCanceledInvocationsToWorker
  telemetryMode watchDirectories watchFiles isDefaultHostConfig $schema`.split(/\s+/);
const knownHttp =
  'routePrefix maxOutstandingRequests maxConcurrentRequests dynamicThrottlesEnabled hsts customHeaders'.split(
    ' ',
  );

/** Longer than this, 24 days, no timer of node's can wait. */
const timerMsMax = 2 ** 31 - 1;

type Json = Readonly<Record<string, unknown>>;

/** @throws HostRefusal where the real host would answer 503 to everything */
export function readHostConfig(scriptRoot: string): HostConfig {
  const file = readJson(join(scriptRoot, 'host.json'));
  if (file === undefined) refuse(`there is no host.json in ${scriptRoot}`);
  if (file['version'] !== '2.0') refuse('host.json must say "version": "2.0"');
  const http = section(file, 'extensions', 'http');
  const unknown = [
    ...Object.keys(file).filter((key) => !known.includes(key)),
    ...Object.keys(http).flatMap((key) => (knownHttp.includes(key) ? [] : `extensions.http.${key}`)),
  ];
  const prefix = http['routePrefix'] ?? 'api';
  if (typeof prefix !== 'string' || /^\/|\/$/.test(prefix))
    refuse(
      `routePrefix ${JSON.stringify(prefix)} in host.json must be a string that does not begin or end with a slash`,
    );
  return {
    routePrefix: prefix,
    functionTimeoutMs: timeoutMs(file['functionTimeout'] ?? '00:30:00'),
    requestsMax: Math.min(limit(http['maxOutstandingRequests']), limit(http['maxConcurrentRequests'])),
    customHeaders: strings(section(http, 'customHeaders')),
    logLevels: strings(section(file, 'logging', 'logLevel')),
    only: Array.isArray(file['functions']) ? file['functions'].map(String) : undefined,
    warnings: unknown.map((key) => `host.json: "${key}" is not known and has no effect`),
  };
}

/** An absent file is an empty one. */
export function readLocalSettings(scriptRoot: string): LocalSettings {
  const file = readJson(join(scriptRoot, 'local.settings.json')) ?? {};
  if (file['IsEncrypted'] === true)
    refuse('local.settings.json is encrypted: decrypt it with "func settings decrypt"');
  const host = section(file, 'Host');
  const port = Number(host['LocalHttpPort'] ?? NaN);
  const { CORS: cors = '' } = strings(host);
  return {
    values: strings(section(file, 'Values')),
    port: Number.isInteger(port) ? port : undefined,
    cors: {
      origins: cors.split(/\s*,\s*/).filter((origin) => origin !== ''),
      allowCredentials: host['CORSCredentials'] === true,
    },
  };
}

/** Comments may stand in it, as in the real host's; undefined = there is no such file. */
function readJson(path: string): Json | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch {
    return undefined;
  }
  try {
    const parsed: unknown = JSON.parse(
      text.replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, string: string = '') => string),
    );
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Json;
    throw new Error('it is no object');
  } catch (cause) {
    refuse(`${path} cannot be read: ${(cause as Error).message}`, cause);
  }
}

function section(json: Json, ...keys: string[]): Json {
  let found: unknown = json;
  for (const key of keys) found = (found as Json)[key] ?? {};
  return typeof found === 'object' && found !== null ? (found as Json) : {};
}

function strings(json: Json): Readonly<Record<string, string>> {
  const plain = Object.entries(json).filter(([, value]) =>
    ['string', 'number', 'boolean'].includes(typeof value),
  );
  return Object.fromEntries(plain.map(([key, value]) => [key, String(value)]));
}

function limit(value: unknown): number {
  return Number(value) > 0 ? Number(value) : Infinity;
}

function timeoutMs(value: unknown): number {
  const ms = parseTimeSpan(String(value));
  if (ms === undefined)
    refuse(`functionTimeout ${JSON.stringify(value)} in host.json is no time span hh:mm:ss`);
  return ms < 0 || ms > timerMsMax ? Infinity : ms;
}
