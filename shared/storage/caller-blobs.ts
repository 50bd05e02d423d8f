/** Blobs of callers over HTTP: looked at, fetched and signed for, with what the caller gave and nothing else. */
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  BlobSASPermissions,
  generateAccountSASQueryParameters,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import type { BlobPlace, CallerBlobs, Clock, Look } from '../app/ports.ts';
import { limits } from '../core/limits.ts';
import { blobUrl, unaddressable } from './blob-url.ts';
import { withDeadline } from './deadline.ts';
import { ForbiddenAddress } from '../net/guarded-connection.ts';
import { guardedRequest, type Answer } from './guarded-request.ts';

export type CallerBlobsOptions = {
  readonly clock: Clock;
  /** Endpoints that may lie on this machine: our own account's, the emulator's. */
  readonly openEndpoints?: readonly string[];
  /** Deadline of one look; default `limits.callerBlobMs`. */
  readonly callMs?: number;
};

/** Understood by Azure since 2022 and by Azurite; the string to sign does not change after it. */
const sasVersion = '2022-11-02';
/** A SAS that we make for a call of our own lives so long: longer than any call. */
const ownSasMs = 10 * 60_000;
/** A model of 256 MiB at 5 MiB/s. */
const fetchMs = limits.requestMsMax / 2;
/** An error's text; it is not looked at. */
const answerBytesMax = 65_536;
/** Answers that say: this SAS is good, for other things than reading. */
const noReadCodes = ['AuthorizationPermissionMismatch', 'AuthorizationServiceMismatch'];

type NotFound = Exclude<Look, { kind: 'found' }>;

export function makeCallerBlobs(options: CallerBlobsOptions): CallerBlobs {
  const { clock, openEndpoints = [], callMs = limits.callerBlobMs } = options;
  const send = async (
    endpoint: string,
    url: string,
    method: 'GET' | 'HEAD' | 'PUT',
    bytesMax: number,
    ms: number,
  ): Promise<Answer | NotFound> => {
    const guard = openEndpoints.includes(endpoint) ? 'open' : 'closed';
    try {
      return await withDeadline(ms, (signal) => guardedRequest({ method, url, signal, bytesMax, guard }));
    } catch (error) {
      return failureOf(error);
    }
  };
  const ask = async (
    place: BlobPlace,
    method: 'GET' | 'HEAD',
    bytesMax: number,
    ms: number,
  ): Promise<Answer | NotFound> => {
    const bad = unaddressable(place);
    if (bad !== undefined) return { kind: 'forbidden', reason: bad };
    return send(place.endpoint, sign(place, 'r', clock.now() + ownSasMs), method, bytesMax, ms);
  };
  const look = async (place: BlobPlace): Promise<Look> => {
    const answer = await ask(place, 'HEAD', 0, callMs);
    if ('kind' in answer) return answer;
    const bytes = Number(answer.header('content-length') ?? Number.NaN);
    const etag = answer.header('etag');
    if (answer.status !== 200) return refusalOf(answer);
    if (etag === undefined || !Number.isSafeInteger(bytes)) {
      return { kind: 'unreachable', reason: 'what answers there is no blob storage' };
    }
    return { kind: 'found', etag, bytes };
  };
  return {
    look,
    async lookForContainer(place) {
      const found = await look(place);
      if (found.kind === 'found') return 'found';
      if (found.kind === 'missing' && found.what === 'blob') return 'found';
      const mayNotSay = found.kind === 'forbidden' && noReadCodes.some((code) => found.reason.includes(code));
      return mayNotSay ? 'found' : found;
    },
    async makeContainer(place) {
      const url = containerUrl(place, clock.now() + ownSasMs);
      if (url === undefined) return { kind: 'forbidden', reason: 'a SAS cannot make a container' };
      const answer = await send(place.endpoint, url, 'PUT', answerBytesMax, callMs);
      if ('kind' in answer) return answer;
      const isThere = answer.header('x-ms-error-code') === 'ContainerAlreadyExists';
      return answer.status === 201 || isThere ? 'made' : refusalOf(answer);
    },
    sign,
    token,
    async fetch(place, bytesMax) {
      const answer = await ask(place, 'GET', bytesMax, fetchMs);
      if ('kind' in answer) return answer;
      if (answer.status !== 200) return refusalOf(answer);
      return answer.whole === 'yes' ? { kind: 'bytes', bytes: answer.body } : { kind: 'too-large' };
    },
  };
}

function sign(place: BlobPlace, permissions: 'r' | 'rcw', untilMs: number): string {
  return blobUrl(place) + token(place, permissions, untilMs);
}

/** Where a container is made; undefined without the account's key. */
function containerUrl(
  { endpoint, container, access }: Pick<BlobPlace, 'endpoint' | 'container' | 'access'>,
  untilMs: number,
): string | undefined {
  if (access.kind === 'sas') return undefined;
  const query = generateAccountSASQueryParameters(
    {
      permissions: AccountSASPermissions.parse('c'),
      resourceTypes: AccountSASResourceTypes.parse('c').toString(),
      services: AccountSASServices.parse('b').toString(),
      expiresOn: new Date(untilMs),
      protocol: protocolOf(endpoint),
      version: sasVersion,
    },
    new StorageSharedKeyCredential(access.account, access.key),
  );
  return `${endpoint}/${encodeURIComponent(container)}?restype=container&${query.toString()}`;
}

function protocolOf(endpoint: string): SASProtocol {
  return endpoint.startsWith('http://') ? SASProtocol.HttpsAndHttp : SASProtocol.Https;
}

/** Without a start time: storage's clock may lag behind ours. */
function token(place: BlobPlace, permissions: 'r' | 'rcw', untilMs: number): string {
  const { access } = place;
  switch (access.kind) {
    case 'sas':
      return access.token.startsWith('?') ? access.token : `?${access.token}`;
    case 'key': {
      const query = generateBlobSASQueryParameters(
        {
          containerName: place.container,
          blobName: place.name,
          permissions: BlobSASPermissions.parse(permissions),
          expiresOn: new Date(untilMs),
          protocol: protocolOf(place.endpoint),
          version: sasVersion,
        },
        new StorageSharedKeyCredential(access.account, access.key),
      );
      return `?${query.toString()}`;
    }
  }
}

/** What an answer other than 200 means; the reason holds the status and the storage's own code, nothing secret. */
function refusalOf(answer: Answer): NotFound {
  const code = (answer.header('x-ms-error-code') ?? '').replaceAll(/[^A-Za-z]/g, '').slice(0, 80);
  const reason = `${answer.status} ${code}`.trim();
  if (answer.status === 404) {
    return { kind: 'missing', what: code === 'ContainerNotFound' ? 'container' : 'blob' };
  }
  if (answer.status === 429 || answer.status >= 500) return { kind: 'unreachable', reason };
  if (answer.status >= 300 && answer.status < 400) {
    return { kind: 'forbidden', reason: `${reason}: redirects are not followed` };
  }
  return { kind: 'forbidden', reason };
}

function failureOf(error: unknown): NotFound {
  if (error instanceof ForbiddenAddress) return { kind: 'forbidden', reason: error.message };
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOTFOUND') return { kind: 'missing', what: 'account' };
  const reason = error instanceof Error ? `${code} ${error.name}: ${error.message}`.trim() : 'unknown';
  return { kind: 'unreachable', reason: reason.slice(0, 200) };
}
