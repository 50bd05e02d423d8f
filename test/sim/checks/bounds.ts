/** Nothing touches more rows than its bound, whatever the history; and a tick ends in time. */
import type { MakeCheck } from './check.ts';

/**
 * Rows that one undisturbed request reads and writes at most. A pool here has up to 4 VMs and a few dozen waiting jobs.
 */
const rowsMax: ReadonlyMap<string, number> = new Map([
  ['user status', 60],
  ['user register', 16],
  ['vm beat', 8],
  ['vm bye', 400],
  ['vm hello', 400],
]);

const tickMsMax = 180_000;

export const bounds: MakeCheck = ({ violations, hooks }) => {
  hooks.onServed.push(({ what, touched, disturbed, outcome }) => {
    const max = rowsMax.get(what);
    if (max === undefined || disturbed || outcome !== 'answered' || touched.rows <= max) return;
    violations.add('bounds', `${what} touched ${touched.rows} rows, of at most ${max}`);
  });
  hooks.onTick.push(({ tookMs, instance }) => {
    const stoodMs = instance.pausedMs;
    if (tookMs > tickMsMax + stoodMs) violations.add('bounds', `a tick took ${tookMs / 1_000} s`);
  });
  return {};
};
