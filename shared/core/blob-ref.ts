/**
 * The BlobRef of the BES contract (bes-contract.md, section 2): where a caller's blob lies and what opens it,
 * in all the forms that clients send. Messages name the place and the remedy, never a key or a signature. Pure.
 */
import { judgeEndpoint, type StorageTrust } from './blob-endpoint.ts';
import { parseName, type BlobUse } from './blob-name.ts';
import { joinLines, parseConnectionString, parseSas, type StorageAccess } from './connection-string.ts';
import { badArgument, type Refused } from './refusal.ts';

/** A blob of a caller, with what opens it. Never logged, never in a row in the clear. */
export type BlobPlace = {
  /** `https://account.blob.core.windows.net` or `http://127.0.0.1:10000/devstoreaccount1`; no slash at the end. */
  readonly endpoint: string;
  readonly container: string;
  /** Decoded; no leading slash. */
  readonly name: string;
  readonly access: StorageAccess;
};

/** A blank member is as good as none. */
export type BlobRef = {
  readonly ConnectionString?: string | null | undefined;
  readonly RelativeLocation?: string | null | undefined;
  readonly BaseLocation?: string | null | undefined;
  readonly SasBlobToken?: string | null | undefined;
};

export type ParsedBlobRef = { readonly kind: 'place'; readonly place: BlobPlace } | Refused;

/** `{ConnectionString: null, ...}`: clients send all members null where they mean none. */
export function isAbsentRef(ref: BlobRef | null | undefined): boolean {
  return (
    ref === null || ref === undefined || Object.values(ref).every((member) => textOf(member) === undefined)
  );
}

/** A ConnectionString wins over BaseLocation and SasBlobToken when all are there. */
export function parseBlobRef(ref: BlobRef, use: BlobUse, trust: StorageTrust): ParsedBlobRef {
  const relative = textOf(ref.RelativeLocation);
  if (relative === undefined) return missing(use, 'RelativeLocation', 'container/path/name.csv');
  if (holdsSignature(relative)) return signatureIn(use, 'RelativeLocation');
  const connection = textOf(ref.ConnectionString);
  if (connection !== undefined) {
    const account = parseConnectionString(connection, `${use.path}.ConnectionString`, trust);
    if (account.kind === 'refused') return account;
    return placeAt(account.endpoint, [relative], account.access, use);
  }
  const base = textOf(ref.BaseLocation);
  if (base === undefined) {
    return missing(
      use,
      'ConnectionString',
      'or BaseLocation and SasBlobToken, to say where its storage account is',
    );
  }
  if (holdsSignature(base)) return signatureIn(use, 'BaseLocation');
  const sas = textOf(ref.SasBlobToken);
  if (sas === undefined)
    return missing(use, 'SasBlobToken', 'or, instead of BaseLocation, a ConnectionString');
  return placeBySas({ base, relative, sas }, use, trust);
}

/**
 * The place of a URL, such as a model's `locationInfo {uri, credentials}`: the SAS comes apart or in the URL's query.
 * @param use its path names the object that holds `uri` and `credentials`
 */
export function parseBlobUrl(
  location: { readonly uri: string; readonly credentials?: string | null | undefined },
  use: BlobUse,
  trust: StorageTrust,
): ParsedBlobRef {
  const [url = '', ...query] = joinLines(location.uri).split('?');
  const sas = textOf(location.credentials) ?? textOf(query.join('?'));
  if (sas === undefined) return missing(use, 'credentials', 'the SAS token that opens the URI');
  const judged = judgeEndpoint(url, trust);
  if (judged.kind === 'untrusted') {
    return badArgument('InvalidBlob', `${use.path}.uri cannot be used: ${judged.why}.`);
  }
  const token = parseSas(sas);
  if (token === undefined) return badSas(`${use.path}.credentials`);
  return placeAt(judged.endpoint, [judged.rest], { kind: 'sas', token }, use);
}

type SasForm = { readonly base: string; readonly relative: string; readonly sas: string };

function placeBySas(form: SasForm, use: BlobUse, trust: StorageTrust): ParsedBlobRef {
  const judged = judgeEndpoint(withScheme(form.base, trust), trust);
  if (judged.kind === 'untrusted') {
    return badArgument('InvalidBlob', `${use.path}.BaseLocation cannot be used: ${judged.why}.`);
  }
  const token = parseSas(form.sas);
  if (token === undefined) return badSas(`${use.path}.SasBlobToken`);
  return placeAt(judged.endpoint, [judged.rest, form.relative], { kind: 'sas', token }, use);
}

function placeAt(
  endpoint: string,
  path: readonly string[],
  access: StorageAccess,
  use: BlobUse,
): ParsedBlobRef {
  const found = parseName(path, pathOf(endpoint), use);
  if (found.kind === 'refused') return found;
  return { kind: 'place', place: { endpoint, container: found.container, name: found.name, access } };
}

/** What lies behind the host, without a slash. */
function pathOf(endpoint: string): string {
  const at = endpoint.indexOf('/', endpoint.indexOf('//') + 2);
  return at < 0 ? '' : endpoint.slice(at + 1);
}

/** A client that takes a URL apart gives the bare host here, and the path (with the emulator's account) as the relative location. */
function withScheme(base: string, trust: StorageTrust): string {
  if (!/^[a-z0-9.-]+(?::\d+)?(?:\/|$)/i.test(base)) return base;
  const isEmulators = judgeEndpoint(`http://${base}`, trust).kind === 'trusted';
  return `${isEmulators ? 'http' : 'https'}://${base}`;
}

function textOf(member: string | null | undefined): string | undefined {
  const text = typeof member === 'string' ? joinLines(member) : '';
  return text === '' ? undefined : text;
}

function holdsSignature(text: string): boolean {
  return /[?&](?:sig|sv)=/i.test(text);
}

function signatureIn(use: BlobUse, member: string): Refused {
  return badArgument(
    'InvalidBlob',
    `${use.path}.${member} holds a SAS token: move it into ${use.path}.SasBlobToken.`,
  );
}

function badSas(path: string): Refused {
  return badArgument(
    'InvalidBlob',
    `${path} is not a SAS token: expected is the query of a SAS URL, from its "?" on, as Azure Storage gives it.`,
  );
}

function missing(use: BlobUse, member: string, what: string): Refused {
  const code = use.role === 'data-out' ? 'MissingOutputOverrideSpecification' : 'MissingInputBlobInformation';
  return badArgument(code, `${use.path}.${member} is missing: give it (${what}).`);
}
