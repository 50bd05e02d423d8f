/** host.json and local.settings.json: what of them counts here, refused or warned about before anything starts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HostRefusal } from './refusal.ts';

export type HostConfig = {
  readonly routePrefix: string;
  /** Infinity = unbounded; range from 1 s, default 30 min. */
  readonly functionTimeoutMs: number;
  /** Requests at once before 429; default Infinity. */
  readonly maxRequests: number;
  readonly customHeaders: Readonly<Record<string, string>>;
  readonly logLevels: Readonly<Record<string, string>>;
  /** `functions`: only these are loaded; undefined = all. */
  readonly only: readonly string[] | undefined;
  readonly warnings: readonly string[];
};
export type LocalSettings = {
  readonly values: Readonly<Record<string, string>>;
  readonly port: number | undefined;
  readonly cors: readonly string[];
  readonly corsCredentials: boolean;
};

const known = new Set(
  `version functionTimeout logging extensions extensionBundle aggregator applicationInsights concurrency customHandler
  functions healthMonitor managedDependency retry singleton sendCanceledInvocationsToWorker telemetryMode
  watchDirectories watchFiles isDefaultHostConfig $schema`.split(/\s+/),
);
const knownHttp = new Set(
  'routePrefix maxOutstandingRequests maxConcurrentRequests dynamicThrottlesEnabled hsts customHeaders'.split(
    ' ',
  ),
);
const defaultTimeoutMs = 30 * 60_000;

type Json = Readonly<Record<string, unknown>>;

/** @throws HostRefusal where the real host would answer 503 to everything */
export function readHostConfig(scriptRoot: string): HostConfig {
  const file = readJson(join(scriptRoot, 'host.json'));
  if (file === undefined) throw new HostRefusal(`there is no host.json in ${scriptRoot}`);
  if (file['version'] !== '2.0') throw new HostRefusal('host.json must say "version": "2.0"');
  const http = section(section(file, 'extensions'), 'http');
  const unknown = [
    ...Object.keys(file).filter((key) => !known.has(key)),
    ...Object.keys(http)
      .filter((key) => !knownHttp.has(key))
      .map((key) => `extensions.http.${key}`),
  ];
  const prefix = http['routePrefix'] ?? 'api';
  if (typeof prefix !== 'string')
    throw new HostRefusal('extensions.http.routePrefix in host.json must be a string');
  if (/^\/|\/$/.test(prefix)) {
    throw new HostRefusal(`routePrefix "${prefix}" in host.json must not begin or end with a slash`);
  }
  return {
    routePrefix: prefix,
    functionTimeoutMs: timeoutMs(file['functionTimeout']),
    maxRequests: Math.min(limit(http, 'maxOutstandingRequests'), limit(http, 'maxConcurrentRequests')),
    customHeaders: strings(section(http, 'customHeaders')),
    logLevels: strings(section(section(file, 'logging'), 'logLevel')),
    only: Array.isArray(file['functions']) ? file['functions'].map(String) : undefined,
    warnings: unknown.map((key) => `host.json: "${key}" is not known and has no effect`),
  };
}

/** An absent file is an empty one. */
export function readLocalSettings(scriptRoot: string): LocalSettings {
  const file = readJson(join(scriptRoot, 'local.settings.json')) ?? {};
  if (file['IsEncrypted'] === true) {
    throw new HostRefusal('local.settings.json is encrypted: decrypt it with "func settings decrypt"');
  }
  const host = section(file, 'Host');
  const port = Number(host['LocalHttpPort'] ?? NaN);
  return {
    values: strings(section(file, 'Values')),
    port: Number.isInteger(port) ? port : undefined,
    cors: typeof host['CORS'] === 'string' ? host['CORS'].split(',').map((origin) => origin.trim()) : [],
    corsCredentials: host['CORSCredentials'] === true,
  };
}

function readJson(path: string): Json | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch {
    return undefined;
  }
  try {
    const parsed: unknown = JSON.parse(withoutComments(text));
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Json;
    throw new Error('it is no object');
  } catch (cause) {
    throw new HostRefusal(
      `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/** The real host's JSON reader takes comments. */
function withoutComments(text: string): string {
  return text.replace(
    /("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (_, string: string | undefined) => string ?? '',
  );
}

function section(json: Json, key: string): Json {
  const value = json[key];
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function strings(json: Json): Record<string, string> {
  return Object.fromEntries(
    Object.entries(json).flatMap(([key, value]) => (isPlain(value) ? [[key, String(value)]] : [])),
  );
}

function isPlain(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function limit(http: Json, key: string): number {
  const value = Number(http[key] ?? -1);
  return value > 0 ? value : Infinity;
}

function timeoutMs(value: unknown): number {
  if (value === undefined || value === null) return defaultTimeoutMs;
  if (value === '-1' || value === '-00:00:01') return Infinity;
  const found = /^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)$/.exec(
    typeof value === 'string' ? value : '',
  );
  if (found === null)
    throw new HostRefusal(`functionTimeout ${JSON.stringify(value)} in host.json is no time span hh:mm:ss`);
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = found.slice(1).map((part) => Number(part ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}
