/** What a handler answers with: a value, which the endpoint wrapper turns into bytes and headers. */
import type { Refused } from '../core/refusal.ts';

type Headers = Readonly<Record<string, string>>;

export type Reply =
  | {
      readonly kind: 'json';
      readonly status: number;
      readonly json: unknown;
      readonly headers?: Headers;
    }
  | {
      readonly kind: 'text';
      readonly status: number;
      readonly text: string;
      readonly contentType: string;
      readonly headers?: Headers;
    }
  | { readonly kind: 'empty'; readonly status: number; readonly headers?: Headers };

export type Outcome = Reply | Refused;

export function json(status: number, value: unknown, headers: Headers = {}): Reply {
  return { kind: 'json', status, json: value, headers };
}

export function empty(status: number, headers: Headers = {}): Reply {
  return { kind: 'empty', status, headers };
}
