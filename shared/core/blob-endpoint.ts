/**
 * Which storage endpoints a caller may name: Azure's own over https, hosts that the operator allows, and the emulator
 * where the settings say so. Everything else could be a way into our network (trust.md, section 3). Pure.
 */
import { shown } from './refusal.ts';

export type StorageTrust = {
  /** `host` or `host:port`, lower case; reached over https. */
  readonly allowedHosts: readonly string[];
  /** `http://127.0.0.1:10000/devstoreaccount1`, where callers may name the emulator. */
  readonly emulatorEndpoint?: string;
};

export type JudgedEndpoint =
  | {
      readonly kind: 'trusted';
      /** No slash at the end; for the emulator exactly what the settings say, with its account. */
      readonly endpoint: string;
      /** The account that the host or the emulator's path names; unknown for a host that the operator allows. */
      readonly account?: string;
      /** What of the URL's path lies behind the endpoint: still encoded, without slashes at its ends. */
      readonly rest: string;
    }
  /** `why` ends a sentence that begins with the place and a comma or colon; it holds no secret. */
  | { readonly kind: 'untrusted'; readonly why: string };

/** What `EndpointSuffix` may say: Azure and its sovereign clouds. */
export const endpointSuffixes = [
  'core.windows.net',
  'core.chinacloudapi.cn',
  'core.usgovcloudapi.net',
  'core.cloudapi.de',
] as const;

const accountPattern = /^[a-z0-9]{3,24}$/;
const azureHostPattern = new RegExp(
  `^([a-z0-9]{3,24})\\.(?:blob\\.(?:${endpointSuffixes.map((suffix) => suffix.replaceAll('.', '\\.')).join('|')})` +
    // Accounts with DNS zone endpoints.
    `|z[0-9]{1,2}\\.blob\\.storage\\.azure\\.net)$`,
);

export function isAccountName(text: string): boolean {
  return accountPattern.test(text);
}

/** @param text a URL as a caller wrote it; its query and fragment must be cut off before */
export function judgeEndpoint(text: string, trust: StorageTrust): JudgedEndpoint {
  const url = parseUrl(text);
  if (url === undefined) return untrusted('it is not a URL that begins with https://');
  if (url.username !== '' || url.password !== '') return untrusted('it holds a user name or a password');
  if (url.search !== '' || url.hash !== '') return untrusted('it holds a query or a fragment');
  const rest = trimSlashes(url.pathname);
  const emulator = judgeEmulator(url, rest, trust);
  if (emulator !== undefined) return emulator;
  const azure = azureHostPattern.exec(url.hostname);
  if (azure === null) return judgeAllowed(url, rest, trust) ?? untrusted(notAllowed(url, trust));
  if (url.protocol !== 'https:') return untrusted(`"${shown(url.host)}" must be reached over https`);
  if (url.port !== '')
    return untrusted(`"${shown(url.host)}" names a port; Azure Storage has none but the default`);
  return { kind: 'trusted', endpoint: `https://${url.hostname}`, account: azure[1] ?? '', rest };
}

/** The emulator's endpoint as the settings have it, and its account. */
export function emulatorOf(trust: StorageTrust): { endpoint: string; account: string } | undefined {
  const url = trust.emulatorEndpoint === undefined ? undefined : parseUrl(trust.emulatorEndpoint);
  if (url === undefined) return undefined;
  const account = trimSlashes(url.pathname);
  return { endpoint: `${url.origin}/${account}`, account };
}

function judgeEmulator(url: URL, path: string, trust: StorageTrust): JudgedEndpoint | undefined {
  const emulator = emulatorOf(trust);
  if (emulator === undefined || loopbackName(url) !== loopbackName(new URL(emulator.endpoint)))
    return undefined;
  const { endpoint, account } = emulator;
  const [first = '', ...others] = path.split('/');
  // A base location may hold the host alone, with the account in front of the relative location.
  if (first !== '' && first !== account) {
    return untrusted(`the emulator's account is "${account}", and it names "${shown(first)}"`);
  }
  return { kind: 'trusted', endpoint, account, rest: others.join('/') };
}

/** localhost and its addresses are one host. */
function loopbackName(url: URL): string {
  const host = ['localhost', '[::1]'].includes(url.hostname) ? '127.0.0.1' : url.hostname;
  return `${url.protocol}//${host}:${url.port}`;
}

function judgeAllowed(url: URL, path: string, trust: StorageTrust): JudgedEndpoint | undefined {
  const isAllowed = trust.allowedHosts.includes(url.host);
  if (!isAllowed || url.protocol !== 'https:') return undefined;
  return { kind: 'trusted', endpoint: `https://${url.host}`, rest: path };
}

function notAllowed(url: URL, trust: StorageTrust): string {
  const remedy =
    'Allowed are https endpoints of Azure Blob Storage (such as https://account.blob.core.windows.net)';
  const others = trust.emulatorEndpoint === undefined ? '' : `, the emulator (${trust.emulatorEndpoint})`;
  return `"${shown(url.host)}" is not a storage host that this service may reach. ${remedy}${others} and hosts that the operator lists in MILLPOND_ALLOWED_STORAGE_HOSTS`;
}

function parseUrl(text: string): URL | undefined {
  // The URL parser skips blanks and turns \ into /: what it would repair is refused.
  if (/[\s\\]/.test(text) || !/^https?:\/\/[^/]/i.test(text)) return undefined;
  return URL.parse(text) ?? undefined;
}

function trimSlashes(path: string): string {
  return path.replaceAll(/^\/+|\/+$/g, '');
}

function untrusted(why: string): JudgedEndpoint {
  return { kind: 'untrusted', why };
}
