/**
 * Connection strings of Azure Storage, read by ourselves: the SDK obeys whatever they say (trust.md, section 3).
 * Only what concerns blobs is looked at. Messages name the place and the member, never a value that could be a secret. Pure.
 */
import { emulatorOf, isAccountName, judgeEndpoint, type StorageTrust } from './blob-endpoint.ts';
import { badArgument, shown, type Refused } from './refusal.ts';
import { suggest } from './suggest.ts';

export type StorageAccess =
  | { readonly kind: 'key'; readonly account: string; readonly key: string }
  /** `token` begins with `?`. */
  | { readonly kind: 'sas'; readonly token: string };

export type StorageAccount = {
  readonly kind: 'account';
  /** No slash at the end. */
  readonly endpoint: string;
  /** Absent for a SAS on a host that the operator allows. */
  readonly account?: string;
  readonly access: StorageAccess;
};

/** Public: https://learn.microsoft.com/azure/storage/common/storage-use-azurite */
export const emulatorAccount = 'devstoreaccount1';
export const emulatorKey =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

const names = [
  'DefaultEndpointsProtocol',
  'AccountName',
  'AccountKey',
  'BlobEndpoint',
  'EndpointSuffix',
  'SharedAccessSignature',
  'UseDevelopmentStorage',
] as const;
type Name = (typeof names)[number];
const nameOf: ReadonlyMap<string, Name> = new Map(names.map((name) => [name.toLowerCase(), name]));
type Parts = { readonly given: ReadonlyMap<Name, string>; readonly misspelt: string | undefined };

const keyPattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;
const placeholderPattern = /&lt;|[<>[\]{}]|\*\*\*|\.\.\.|your[-_ ]?(?:account)?[-_ ]?key/i;

/**
 * @param text as the caller wrote it: line breaks, blanks around names and values and a `;` at the end are ignored
 * @param path where it stands in the request, such as `Inputs.input1.ConnectionString`
 */
export function parseConnectionString(
  text: string,
  path: string,
  trust: StorageTrust,
): StorageAccount | Refused {
  const parts = splitParts(text, path);
  if ('kind' in parts) return parts;
  if (parts.given.get('UseDevelopmentStorage')?.toLowerCase() === 'true') return emulator(path, trust);
  const where = findEndpoint(parts, path, trust);
  if (where.kind === 'refused') return where;
  const sas = parts.given.get('SharedAccessSignature');
  const key = parts.given.get('AccountKey');
  if (key === undefined) {
    if (sas === undefined) return lacks(path, 'AccountKey', parts);
    const token = parseSas(sas);
    if (token === undefined)
      return invalid(path, 'has a SharedAccessSignature that is not a SAS token (sv=...&sig=...).');
    return { ...where, access: { kind: 'sas', token } };
  }
  if (placeholderPattern.test(key)) return invalid(path, 'has a placeholder where its AccountKey should be.');
  if (!keyPattern.test(key)) {
    return invalid(
      path,
      'has an AccountKey that is not base64: copy the whole key, it usually ends in "==".',
    );
  }
  if (where.account === undefined) return lacks(path, 'AccountName', parts);
  return { ...where, access: { kind: 'key', account: where.account, key } };
}

/** Joins what a page or an e-mail broke into lines. */
export function joinLines(text: string): string {
  return text.replaceAll(/[ \t]*[\r\n]\s*/g, '').trim();
}

/** A SAS token in one form: beginning with `?`. Undefined when it is none. */
export function parseSas(text: string): string | undefined {
  const token = joinLines(text).replace(/^[?&]/, '');
  const isQuery = /^[A-Za-z0-9%&=._~:+/,!*'()@$-]+$/.test(token);
  return isQuery && /(?:^|&)sig=[^&]/.test(token) ? `?${token}` : undefined;
}

function splitParts(text: string, path: string): Parts | Refused {
  const given = new Map<Name, string>();
  let misspelt: string | undefined;
  for (const part of joinLines(text).split(';')) {
    if (part.trim() === '') continue;
    const at = part.indexOf('=');
    if (at < 0) {
      const isPlaceholder = placeholderPattern.test(text);
      return invalid(
        path,
        isPlaceholder
          ? 'still has a placeholder in it: put the account and its key there.'
          : 'is not a connection string: its parts, separated by ";", must have the form name=value.',
      );
    }
    const written = part.slice(0, at).trim();
    const value = part.slice(at + 1).trim();
    const name = nameOf.get(written.toLowerCase());
    if (name === undefined) {
      if (!otherNames.test(written)) misspelt ??= suggest(written, names);
    } else if (value !== '') {
      if ((given.get(name) ?? value) !== value) return invalid(path, `gives ${name} twice, with two values.`);
      given.set(name, value);
    }
  }
  return { given, misspelt };
}

/** Members that concern other services than blobs. */
const otherNames =
  /^(?:table|queue|file|dfs|web|blob(?=secondary))(?:secondary)?endpoint$|^developmentstorageproxyuri$/i;

type Where = { readonly kind: 'account'; readonly endpoint: string; readonly account?: string };

function findEndpoint(parts: Parts, path: string, trust: StorageTrust): Where | Refused {
  const { given } = parts;
  const protocol = given.get('DefaultEndpointsProtocol')?.toLowerCase() ?? 'https';
  if (protocol !== 'https' && protocol !== 'http') {
    return invalid(path, 'has a DefaultEndpointsProtocol that is neither https nor http.');
  }
  const account = given.get('AccountName');
  if (account !== undefined && !isAccountName(account)) {
    return invalid(
      path,
      'has an AccountName that is none: it must be 3 to 24 lower-case letters and digits.',
    );
  }
  const blobEndpoint = given.get('BlobEndpoint');
  if (blobEndpoint === undefined && account === undefined) return lacks(path, 'AccountName', parts);
  const suffix = given.get('EndpointSuffix') ?? 'core.windows.net';
  if (!/^[a-z0-9.-]{1,100}$/i.test(suffix))
    return invalid(path, 'has an EndpointSuffix that is not a host name.');
  // Azure answers https for every account, so an old "DefaultEndpointsProtocol=http" gets https.
  const judged = judgeEndpoint(blobEndpoint ?? `https://${account}.blob.${suffix}`, trust);
  const member = blobEndpoint === undefined ? 'an EndpointSuffix' : 'a BlobEndpoint';
  if (judged.kind === 'untrusted') return invalid(path, `has ${member} that cannot be used: ${judged.why}.`);
  // A host of the operator's may have the account in its path.
  const isPathStyle = judged.account === undefined && judged.rest !== '';
  if (judged.rest !== '' && !isPathStyle) {
    return invalid(path, 'has a BlobEndpoint with a path: name the container in RelativeLocation.');
  }
  const endpoint = isPathStyle ? `${judged.endpoint}/${judged.rest}` : judged.endpoint;
  if (account !== undefined && judged.account !== undefined && judged.account !== account) {
    const both = `"${shown(judged.account)}" and AccountName "${account}"`;
    return invalid(path, `names two accounts: BlobEndpoint ${both}.`);
  }
  const known = judged.account ?? account;
  return { kind: 'account', endpoint, ...(known === undefined ? {} : { account: known }) };
}

function emulator(path: string, trust: StorageTrust): StorageAccount | Refused {
  const found = emulatorOf(trust);
  if (found === undefined) {
    return invalid(
      path,
      'says UseDevelopmentStorage=true, and this service does not use the storage emulator.',
    );
  }
  if (found.account !== emulatorAccount) {
    return invalid(
      path,
      `says UseDevelopmentStorage=true, and the emulator here has the account "${found.account}".`,
    );
  }
  return { kind: 'account', ...found, access: { kind: 'key', account: emulatorAccount, key: emulatorKey } };
}

function lacks(path: string, name: Name, parts: Parts): Refused {
  const hint = parts.misspelt === undefined ? '' : ` Is ${parts.misspelt} misspelt in it?`;
  return invalid(path, `has no ${name}.${hint}`);
}

function invalid(path: string, what: string): Refused {
  // Written without a value behind AccountKey, which would be taken for one and be blacked out.
  const remedy =
    'Expected are DefaultEndpointsProtocol, AccountName and AccountKey, each as name=value with ";" between them, as the Azure portal shows them.';
  return badArgument('InvalidBlobConnectionString', `${path} ${what} ${remedy}`);
}
