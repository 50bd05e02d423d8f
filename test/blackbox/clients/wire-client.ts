/** A client whose family shows in its headers, its way of sending and the way it reads a result. */
import { setTimeout as pause } from 'node:timers/promises';
import { finals, must, type Client, type Status } from './journey.ts';
import { onWire, type Reply, type Sent } from './wire.ts';

export type Family = {
  /** Beside Authorization, on each call. */
  readonly register: Pick<Sent, 'headers' | 'as'>;
  readonly start: Pick<Sent, 'headers' | 'body'>;
  readonly poll: Pick<Sent, 'headers' | 'body'> & { readonly everyMs: number };
  /** Which replies to a start it takes for success. */
  readonly startedBy: readonly number[];
  readonly deletes: Pick<Sent, 'headers' | 'body'> & { readonly query: '' | '?api-version=2.0' };
  readonly resultUrl: (base: string, relative: string, token: string) => string;
};

export const joined = (base: string, relative: string, token: string) => base + relative + token;
export const resolved = (base: string, relative: string, token: string) =>
  new URL(relative, base).href + token;

export function clientOf(family: Family): Client {
  return async ({ url, key }, body) => {
    const call = (method: string, path: string, more: Omit<Sent, 'method' | 'url'>): Promise<Reply> =>
      onWire({
        ...more,
        method,
        url: url + path,
        headers: { authorization: `Bearer ${key}`, ...more.headers },
      });
    const version = '?api-version=2.0';
    const sent = { ...family.register, body: JSON.stringify(body) };
    const registered = must(await call('POST', `/jobs${version}`, sent), [200]);
    const job = `/jobs/${registered.text.replaceAll('"', '')}`;
    must(await call('POST', `${job}/start${version}`, family.start), family.startedBy);
    const statuses: string[] = [];
    const look = async (): Promise<Status> => {
      const reply = must(await call('GET', job + version, family.poll), [200]);
      // A client adds one of its own, and .NET throws on two.
      if (reply.headers['retry-after'] !== undefined) throw new Error('a status with Retry-After');
      return JSON.parse(reply.text) as Status;
    };
    let status = await look();
    for (statuses.push(status.StatusCode); !finals.includes(status.StatusCode);) {
      if (family.poll.everyMs > 0) await pause(family.poll.everyMs);
      status = await look();
      statuses.push(status.StatusCode);
    }
    if (status.Results === null) throw new Error(`${status.StatusCode}: ${String(status.Details)}`);
    const { BaseLocation, RelativeLocation, SasBlobToken } = status.Results['output1'] ?? {
      BaseLocation: '',
      RelativeLocation: '',
      SasBlobToken: '',
    };
    const deleted = await call('DELETE', job + family.deletes.query, family.deletes);
    // Downloaded after the deletion, as a client does.
    const resultUrl = family.resultUrl(BaseLocation, RelativeLocation, SasBlobToken);
    const result = must(await onWire({ method: 'GET', url: resultUrl, headers: {} }), [200]).text;
    const afterwards = (await look()).StatusCode;
    return { registered: registered.text, statuses, result, deleted: deleted.status, afterwards };
  };
}
