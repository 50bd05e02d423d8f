/** Lets so many calls in at a time, of one key and of all; who finds it full is told to come back. */
import { unavailable, type Refused } from '../core/refusal.ts';

export type Admitted = {
  readonly kind: 'admitted';
  /** To be called once, when the call is over. */
  readonly leave: () => void;
};

export type Turnstile = (key: string) => Admitted | Refused;

export type TurnstileOptions = { readonly perKeyMax: number; readonly allMax: number };

export function makeTurnstile({ perKeyMax, allMax }: TurnstileOptions): Turnstile {
  const inside = new Map<string, number>();
  let all = 0;
  return (key) => {
    const own = inside.get(key) ?? 0;
    if (own >= perKeyMax) return throttled(`${own} registrations of this web service are`);
    if (all >= allMax) return throttled('As many registrations as this instance takes at a time are');
    inside.set(key, own + 1);
    all += 1;
    return {
      kind: 'admitted',
      leave: () => {
        all -= 1;
        const left = (inside.get(key) ?? 1) - 1;
        if (left === 0) inside.delete(key);
        else inside.set(key, left);
      },
    };
  };
}

function throttled(what: string): Refused {
  return unavailable(
    'RequestThrottled',
    `${what} under way just now. Nothing was done: send the request again after the seconds in Retry-After.`,
  );
}
