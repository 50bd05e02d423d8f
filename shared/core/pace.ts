/**
 * How fast one caller's calls are answered: a burst at once, then evenly spread, each held up for a bounded time and none
 * refused (bes-contract.md, section 3: clients break on any error of a status poll). Pure.
 */

export type Pace = {
  /** When the caller's next call would be due if it came evenly; ms since 1970. */
  readonly dueMs: number;
};

export type PaceRule = {
  /** Calls a second. */
  readonly perSecond: number;
  /** Calls that pass at once after a rest. */
  readonly burst: number;
  readonly delayMsMax: number;
};

export const unpaced: Pace = { dueMs: 0 };

/** What becomes of a call that comes now: `waitMs` is 0 to `delayMsMax`. */
export function pace(
  { dueMs }: Pace,
  rule: PaceRule,
  nowMs: number,
): { readonly pace: Pace; readonly waitMs: number } {
  const everyMs = 1_000 / rule.perSecond;
  const burstMs = rule.burst * everyMs;
  const nextMs = Math.max(dueMs, nowMs) + everyMs;
  const waitMs = Math.min(rule.delayMsMax, Math.max(0, nextMs - nowMs - burstMs));
  // Who never rests does not run up a debt that it had to wait for once it does.
  return { pace: { dueMs: Math.min(nextMs, nowMs + burstMs + rule.delayMsMax) }, waitMs: Math.round(waitMs) };
}
