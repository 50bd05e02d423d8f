/** Blob storage on virtual time: our containers and a caller's, SAS tokens, staged blocks and conditional commits. */
import {
  StoreFault,
  type BlobPlace,
  type CallerBlobs,
  type Look,
  type OwnBlobs,
} from '../../shared/app/ports.ts';
import { blobUrl } from '../../shared/storage/blob-url.ts';
import type { Instance } from './instance.ts';
import type { Scheduler } from './scheduler.ts';
import { never } from './storage.ts';
import type { Weather } from './weather.ts';

export type Held = {
  readonly etag: string;
  readonly version: number;
  readonly body: string;
  readonly meta: Readonly<Record<string, string>>;
};

const ownEndpoint = 'https://millpond.blob.core.windows.net';
/** A canary: must never be seen in a row. */
export const storageKey = 'Q2FuYXJ5'.repeat(11);
const access = { kind: 'key', account: 'caller', key: storageKey } as const;

type Token = {
  readonly path: string;
  readonly rights: string;
  readonly untilMs: number;
  readonly text: string;
};

export class SimBlobs {
  readonly held = new Map<string, Held>();
  readonly staged = new Map<string, Map<string, string>>();
  /** All that were made, by their signatures. */
  private readonly tokens: Token[] = [];
  private readonly own = new Map<string, { readonly bytes: Uint8Array; readonly etag: string }>();
  private readonly scheduler: Scheduler;
  readonly weather: Weather;
  private version = 0;

  constructor(scheduler: Scheduler, weather: Weather) {
    this.scheduler = scheduler;
    this.weather = weather;
  }

  put(url: string, body: string, meta: Held['meta'] = {}): Held {
    const version = (this.version += 1);
    const held = { etag: `"0x${version.toString(16)}"`, version, body, meta };
    this.held.set(url, held);
    return held;
  }

  /** What a token opens: undefined when it opens nothing any more. */
  open(url: string): { readonly path: string; readonly rights: string } | undefined {
    const at = url.indexOf('?');
    const token = this.tokens[Number(url.slice(url.lastIndexOf('=') + 1))];
    if (token === undefined || token.path !== url.slice(0, at) || token.text !== url.slice(at))
      return undefined;
    return token.untilMs > this.scheduler.nowMs ? token : undefined;
  }

  token(place: Pick<BlobPlace, 'endpoint' | 'container' | 'name'>, rights: string, untilMs: number): string {
    const path = blobUrl(place);
    const text = `?sp=${rights}&se=${Math.ceil(untilMs)}&sig=${this.tokens.length}`;
    this.tokens.push({ path, rights, untilMs, text });
    return text;
  }

  hasOwn(container: string, name: string): boolean {
    return this.own.has(`${container}/${name}`);
  }

  ownFor(instance: Instance): OwnBlobs {
    return {
      put: (container, name, bytes) =>
        this.call(instance, () => {
          const etag = `"0x${(this.version += 1).toString(16)}"`;
          this.own.set(`${container}/${name}`, { bytes: Uint8Array.from(bytes), etag });
        }),
      get: (container, name) =>
        this.call(instance, () => this.own.get(`${container}/${name}`)?.bytes.slice()),
      list: (container, { limit, after = '' }) =>
        this.call(instance, () => {
          const names = [...this.own.keys()]
            .filter((name) => name.startsWith(`${container}/`))
            .map((name) => name.slice(container.length + 1))
            .filter((name) => name > after)
            .sort();
          const last = names[limit - 1];
          const blobs = names
            .slice(0, limit)
            .map((name) => ({ name, etag: this.own.get(`${container}/${name}`)!.etag }));
          return names.length > limit && last !== undefined ? { blobs, after: last } : { blobs };
        }),
      remove: (container, name, etag) =>
        this.call(instance, () => {
          const place = `${container}/${name}`;
          if (etag === undefined || this.own.get(place)?.etag === etag) this.own.delete(place);
        }),
      place: async (container, name) => ({ endpoint: ownEndpoint, container, name, access }),
    };
  }

  callersFor(instance: Instance): CallerBlobs {
    const token: CallerBlobs['token'] = (place, permissions, untilMs) =>
      place.access.kind === 'sas' ? place.access.token : this.token(place, permissions, untilMs);
    const reached = async <T>(run: () => T): Promise<T | Extract<Look, { kind: 'unreachable' }>> => {
      try {
        return await this.call(instance, run);
      } catch (error) {
        if (error instanceof StoreFault) return { kind: 'unreachable', reason: 'it did not answer' };
        throw error;
      }
    };
    return {
      look: (place) =>
        reached((): Look => {
          const held = this.held.get(blobUrl(place));
          if (held === undefined) return { kind: 'missing', what: 'blob' };
          return { kind: 'found', etag: held.etag, bytes: held.body.length };
        }),
      lookForContainer: () => reached(() => 'found' as const),
      makeContainer: () => reached(() => 'made' as const),
      sign: (place, permissions, untilMs) => blobUrl(place) + token(place, permissions, untilMs),
      token,
      fetch: (place) =>
        reached(() => {
          const held = this.held.get(blobUrl(place));
          if (held === undefined) return { kind: 'missing', what: 'blob' } as const;
          return { kind: 'bytes', bytes: new TextEncoder().encode(held.body) } as const;
        }),
    };
  }

  private async call<T>(instance: Instance, run: () => T): Promise<T> {
    if (!instance.step()) return never();
    const fate = this.weather.fate();
    if (fate.kind === 'done' && fate.sendMs === 0 && fate.replyMs === 0) return run();
    return new Promise<T>((resolve, reject) => {
      if (fate.kind === 'done') {
        this.scheduler.reach(fate.sendMs, () => {
          const value = run();
          this.scheduler.reach(fate.replyMs, () => resolve(value), instance);
        });
        return;
      }
      if (fate.kind === 'unheard') this.scheduler.after(fate.sendMs, run);
      instance.after(fate.afterMs, () =>
        reject(new StoreFault('timeout', 'the blob storage did not answer')),
      );
    });
  }
}
