/** The in-memory twin of Blob storage: our own containers and those of callers, with keys, SAS tokens and versions. */
import { createHash } from 'node:crypto';
import {
  StoreFault,
  type BlobPlace,
  type CallerBlobs,
  type Clock,
  type Look,
  type OwnBlobs,
} from '../app/ports.ts';
import { blobUrl, unaddressable } from './blob-url.ts';
import { ownContainers } from './own-containers.ts';

type Held = { readonly bytes: Uint8Array; readonly etag: string; readonly metadata: Metadata };
type Metadata = Readonly<Record<string, string>>;
type Account = {
  readonly name: string;
  readonly key: string;
  readonly containers: Map<string, Map<string, Held>>;
};
type Where = Pick<BlobPlace, 'endpoint' | 'container' | 'name'>;

/** What the service answers to the bearer of a URL. */
export type UrlReply =
  | { readonly kind: 'ok'; readonly bytes: Uint8Array; readonly etag: string; readonly metadata: Metadata }
  | { readonly kind: 'refused'; readonly status: 403 | 404 | 409 | 412; readonly code: string };

export type WriteOptions = {
  readonly metadata?: Metadata;
  /** Version that must still be there. */
  readonly ifMatch?: string;
  /** Nothing must be there. */
  readonly ifNoneMatch?: '*';
};

export type MemoryBlobs = {
  readonly own: OwnBlobs;
  readonly callers: CallerBlobs;
  /** A caller's account; its containers begin empty. Gives the access by its key. */
  addAccount(endpoint: string, name: string, containers: readonly string[]): BlobPlace['access'];
  /** Writes without asking for rights; the container must be there. Gives the version. */
  put(where: Where, bytes: Uint8Array | string, metadata?: Metadata): string;
  peek(where: Where): Uint8Array | undefined;
  remove(where: Where): void;
  /** A token for one blob, beginning with `?`. `permissions`: letters of r, c, w. */
  sas(where: Where, permissions: string, untilMs: number): string;
  /** What the bearer of a signed URL can do. */
  readUrl(url: string): UrlReply;
  writeUrl(url: string, bytes: Uint8Array | string, options?: WriteOptions): UrlReply;
  /** Every blob, by its URL: for tests that look for something. */
  all(): Map<string, Uint8Array>;
  /** Asked before each call of `own` and `callers`: `unreachable` makes it fail. May wait. */
  onCall:
    ((op: string, url: string) => 'unreachable' | undefined | Promise<'unreachable' | undefined>) | undefined;
};

export const ownEndpoint = 'https://millpond.blob.core.windows.net';
const ownAccount = 'millpond';

export function makeMemoryBlobs(clock: Clock): MemoryBlobs {
  const world = new World(clock);
  world.addAccount(ownEndpoint, ownAccount, ownContainers);
  const twin: MemoryBlobs = {
    own: ownBlobs(world, (op, url) => twin.onCall?.(op, url)),
    callers: callerBlobs(world, (op, url) => twin.onCall?.(op, url)),
    addAccount: (endpoint, name, containers) => world.addAccount(endpoint, name, containers),
    put: (where, bytes, metadata = {}) => world.put(where, bytesOf(bytes), metadata).etag,
    peek: (where) => world.find(where)?.bytes,
    remove: (where) => void world.container(where)?.delete(where.name),
    sas: (where, permissions, untilMs) => world.sas(where, permissions, untilMs),
    readUrl: (url) => world.readUrl(url),
    writeUrl: (url, bytes, options = {}) => world.writeUrl(url, bytesOf(bytes), options),
    all: () => world.all(),
    onCall: undefined,
  };
  return twin;
}

type Ask = (op: string, url: string) => 'unreachable' | undefined | Promise<'unreachable' | undefined>;

function ownBlobs(world: World, ask: Ask): OwnBlobs {
  const place = (container: string, name: string): BlobPlace => ({
    endpoint: ownEndpoint,
    container,
    name,
    access: { kind: 'key', account: ownAccount, key: world.account(ownEndpoint)!.key },
  });
  const reach = async (op: string, where: BlobPlace) => {
    if ((await ask(op, blobUrl(where))) !== undefined) throw new StoreFault('unreachable', `injected: ${op}`);
  };
  return {
    async put(container, name, bytes) {
      await reach('put', place(container, name));
      world.put(place(container, name), Uint8Array.from(bytes), {});
    },
    async get(container, name) {
      await reach('get', place(container, name));
      return world.find(place(container, name))?.bytes.slice();
    },
    async list(container, { limit, after = '' }) {
      await reach('list', place(container, '-'));
      const held = world.container(place(container, '-')) ?? new Map<string, Held>();
      const names = [...held.keys()].filter((name) => name > after).toSorted((a, b) => (a < b ? -1 : 1));
      const page = names.slice(0, limit);
      const blobs = page.map((name) => ({ name, etag: held.get(name)?.etag ?? '' }));
      const last = page.at(-1);
      return names.length === page.length || last === undefined ? { blobs } : { blobs, after: last };
    },
    async remove(container, name, etag) {
      await reach('remove', place(container, name));
      if (etag !== undefined && world.find(place(container, name))?.etag !== etag) return;
      world.container(place(container, name))?.delete(name);
    },
    place: async (container, name) => place(container, name),
  };
}

function callerBlobs(world: World, ask: Ask): CallerBlobs {
  const look = async (op: string, place: BlobPlace): Promise<Look> => {
    const bad = unaddressable(place);
    if (bad !== undefined) return { kind: 'forbidden', reason: bad };
    if ((await ask(op, blobUrl(place))) !== undefined) return { kind: 'unreachable', reason: 'injected' };
    return world.look(place);
  };
  const token: CallerBlobs['token'] = (place, permissions, untilMs) =>
    place.access.kind === 'sas' ? withMark(place.access.token) : world.sas(place, permissions, untilMs);
  return {
    look: (place) => look('look', place),
    async lookForContainer(place) {
      const found = await look('lookForContainer', place);
      if (found.kind === 'found') return 'found';
      if (found.kind === 'missing' && found.what === 'blob') return 'found';
      return found.kind === 'forbidden' && found.reason.endsWith(noPermission) ? 'found' : found;
    },
    async makeContainer(place) {
      const at = { ...place, name: '-' };
      if ((await ask('makeContainer', blobUrl(at))) !== undefined)
        return { kind: 'unreachable', reason: 'injected' };
      const looked = world.look(at);
      if (looked.kind === 'forbidden' || (looked.kind === 'missing' && looked.what === 'account'))
        return looked;
      if (place.access.kind === 'sas') return { kind: 'forbidden', reason: 'a SAS cannot make a container' };
      world.addContainer(place.endpoint, place.container);
      return 'made';
    },
    sign: (place, permissions, untilMs) => blobUrl(place) + token(place, permissions, untilMs),
    token,
    async fetch(place, bytesMax) {
      const found = await look('fetch', place);
      if (found.kind !== 'found') return found;
      if (found.bytes > bytesMax) return { kind: 'too-large' };
      return { kind: 'bytes', bytes: world.find(place)!.bytes.slice() };
    },
  };
}

const noPermission = 'AuthorizationPermissionMismatch';

class World {
  private readonly clock: Clock;
  private readonly accounts = new Map<string, Account>();
  private version = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  account(endpoint: string): Account | undefined {
    return this.accounts.get(endpoint);
  }

  addAccount(endpoint: string, name: string, containers: readonly string[]): BlobPlace['access'] {
    const key = createHash('sha512').update(`key of ${endpoint}`).digest('base64');
    this.accounts.set(endpoint, { name, key, containers: new Map() });
    for (const container of containers) this.addContainer(endpoint, container);
    return { kind: 'key', account: name, key };
  }

  addContainer(endpoint: string, container: string): void {
    const { containers } = this.accounts.get(endpoint)!;
    if (!containers.has(container)) containers.set(container, new Map());
  }

  container(where: Where): Map<string, Held> | undefined {
    return this.accounts.get(where.endpoint)?.containers.get(where.container);
  }

  find(where: Where): Held | undefined {
    return this.container(where)?.get(where.name);
  }

  put(where: Where, bytes: Uint8Array, metadata: Metadata): Held {
    const container = this.container(where);
    if (container === undefined) throw new Error(`There is no container ${where.container}.`);
    const held = { bytes, metadata, etag: `"0x${(++this.version).toString(16).toUpperCase()}"` };
    container.set(where.name, held);
    return held;
  }

  look(place: BlobPlace): Look {
    const account = this.accounts.get(place.endpoint);
    if (account === undefined) return { kind: 'missing', what: 'account' };
    const bad = this.mayNotRead(place, account);
    if (bad !== undefined) return { kind: 'forbidden', reason: `403 ${bad}` };
    const container = account.containers.get(place.container);
    if (container === undefined) return { kind: 'missing', what: 'container' };
    const held = container.get(place.name);
    if (held === undefined) return { kind: 'missing', what: 'blob' };
    return { kind: 'found', etag: held.etag, bytes: held.bytes.byteLength };
  }

  sas(where: Where, permissions: string, untilMs: number): string {
    const { key } = this.accounts.get(where.endpoint)!;
    const query = new URLSearchParams({ sp: permissions, se: new Date(untilMs).toISOString() });
    query.set('sig', signature(where, permissions, query.get('se')!, key));
    return `?${query.toString()}`;
  }

  readUrl(url: string): UrlReply {
    const opened = this.open(url, 'r');
    if ('kind' in opened) return opened;
    const held = this.find(opened);
    if (held === undefined) return refused(404, 'BlobNotFound');
    return { kind: 'ok', ...held };
  }

  writeUrl(url: string, bytes: Uint8Array, options: WriteOptions): UrlReply {
    const opened = this.open(url, 'w');
    if ('kind' in opened) return opened;
    const held = this.find(opened);
    if (options.ifNoneMatch === '*' && held !== undefined) return refused(409, 'BlobAlreadyExists');
    if (options.ifMatch !== undefined && held?.etag !== options.ifMatch)
      return refused(412, 'ConditionNotMet');
    return { kind: 'ok', ...this.put(opened, bytes, options.metadata ?? {}) };
  }

  all(): Map<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    for (const [endpoint, { containers }] of this.accounts) {
      for (const [container, blobs] of containers) {
        for (const [name, held] of blobs) found.set(blobUrl({ endpoint, container, name }), held.bytes);
      }
    }
    return found;
  }

  private mayNotRead(place: BlobPlace, account: Account): string | undefined {
    const { access } = place;
    switch (access.kind) {
      case 'key':
        return access.account === account.name && access.key === account.key
          ? undefined
          : 'AuthenticationFailed';
      case 'sas':
        return this.mayNot(place, account, new URLSearchParams(access.token), 'r');
    }
    return undefined;
  }

  private mayNot(where: Where, account: Account, token: URLSearchParams, right: string): string | undefined {
    const permissions = token.get('sp') ?? '';
    const until = token.get('se') ?? '';
    if (token.get('sig') !== signature(where, permissions, until, account.key)) return 'AuthenticationFailed';
    if (!(Date.parse(until) > this.clock.now())) return 'AuthenticationFailed';
    return permissions.includes(right) ? undefined : noPermission;
  }

  private open(url: string, right: 'r' | 'w'): Where | Extract<UrlReply, { kind: 'refused' }> {
    const [path, query] = url.split('?', 2) as [string, string | undefined];
    const endpoint = [...this.accounts.keys()].find((one) => path.startsWith(`${one}/`));
    if (endpoint === undefined) return refused(404, 'ResourceNotFound');
    const [container, ...name] = path
      .slice(endpoint.length + 1)
      .split('/')
      .map(decodeURIComponent);
    const where = { endpoint, container: container!, name: name.join('/') };
    const bad = this.mayNot(where, this.accounts.get(endpoint)!, new URLSearchParams(query), right);
    if (bad !== undefined) return refused(403, bad);
    return this.container(where) === undefined ? refused(404, 'ContainerNotFound') : where;
  }
}

function signature(where: Where, permissions: string, until: string, key: string): string {
  return createHash('sha256')
    .update(JSON.stringify([blobUrl(where), permissions, until, key]))
    .digest('base64');
}

function refused(status: 403 | 404 | 409 | 412, code: string): Extract<UrlReply, { kind: 'refused' }> {
  return { kind: 'refused', status, code };
}

function bytesOf(content: Uint8Array | string): Uint8Array {
  return typeof content === 'string' ? new TextEncoder().encode(content) : Uint8Array.from(content);
}

function withMark(token: string): string {
  return token.startsWith('?') ? token : `?${token}`;
}
