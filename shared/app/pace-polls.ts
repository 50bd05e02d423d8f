/** Polls without pause are slowed, each caller for itself, so that nobody's take the others' time; none is refused. */
import { limits } from '../core/limits.ts';
import { pace, unpaced } from '../core/pace.ts';
import type { App } from './ports.ts';

const rule = {
  perSecond: limits.pollsPerSecond,
  burst: limits.pollsBurst,
  delayMsMax: limits.pollDelayMsMax,
};
/** Then a caller begins anew. */
const rememberedMs = 60_000;

/** @param caller whose polls are counted together */
export async function pacePolls(app: App, caller: string): Promise<void> {
  const place = await app.memory.recall(`polls|${caller}`, rememberedMs, async () => ({ pace: unpaced }));
  const next = pace(place.pace, rule, app.clock.now());
  place.pace = next.pace;
  if (next.waitMs > 0) await app.clock.sleep(next.waitMs, app.closing);
}
