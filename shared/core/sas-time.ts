/**
 * From when until when a SAS opens anything, as it says itself (`st`, `se`; of a user delegation key `skt`, `ske`).
 * Storage has the last word: what cannot be read here, or lies in a stored policy, counts as good. Pure.
 */

/** `at` as the token has it: an ISO 8601 time and nothing else. */
export type SasState =
  | { readonly kind: 'good' }
  | { readonly kind: 'expired'; readonly at: string }
  | { readonly kind: 'early'; readonly at: string };

/** Storage's clock as we estimate it may be off by so much: what is closer is left to storage. */
export const sasMarginMs = 2_000;

/**
 * @param token as it was given, with or without `?`; a whole URL will do
 * @param marginMs default 0, for a time that storage has just told
 */
export function judgeSas(token: string, nowMs: number, marginMs = 0): SasState {
  const params = new URLSearchParams(token.slice(token.indexOf('?') + 1));
  const times = (names: readonly string[]) =>
    names.flatMap((name) => {
      // A plus sign of an offset reads as a blank.
      const at = params.get(name)?.replace(' ', '+') ?? '';
      const atMs = instantOf(at);
      return atMs === undefined ? [] : [{ at, atMs }];
    });
  const expired = times(['se', 'ske']).find(({ atMs }) => atMs + marginMs <= nowMs);
  if (expired !== undefined) return { kind: 'expired', at: expired.at };
  const early = times(['st', 'skt']).find(({ atMs }) => atMs - marginMs > nowMs);
  return early === undefined ? { kind: 'good' } : { kind: 'early', at: early.at };
}

/** Forms that Azure takes: a date, or a date and a time to the minute, the second or less, in UTC or with an offset. */
const timePattern =
  /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?(?:Z|([+-])(\d\d):(\d\d)))?$/i;

/** In ms since 1970; undefined for what is no time. */
function instantOf(text: string): number | undefined {
  const found = timePattern.exec(text);
  if (found === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found
    .slice(1, 7)
    .map((digits) => Number(digits ?? 0));
  if (month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  if (hour > 24 || minute > 59 || second > 60) return undefined;
  const fractionMs = Math.floor(Number(`0.${found[7] ?? 0}`) * 1_000);
  const offsetMinutes = Number(found[9] ?? 0) * 60 + Number(found[10] ?? 0);
  const minutes = (daysSince1970(year, month, day) * 24 + hour) * 60 + minute;
  const utcMinutes = found[8] === '-' ? minutes + offsetMinutes : minutes - offsetMinutes;
  return (utcMinutes * 60 + second) * 1_000 + fractionMs;
}

/** Of the Gregorian calendar: years begin with March here, so that the leap day comes last. */
function daysSince1970(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return 365 * marchYear + leapDays + dayOfYear - 719_468;
}
