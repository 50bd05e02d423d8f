/** Load, decide, commit: a conflict means that somebody else was quicker, so look again. */
import { limits } from '../core/limits.ts';
import { StoreFault, type App } from './ports.ts';

const triesMax = 12;

/**
 * Repeats `attempt` while it answers `conflict`, with a short, growing, jittered pause. Only the first attempt is to
 * work with rows that are remembered (`recallMs`, 0 afterwards).
 * @throws StoreFault `busy` when it still conflicts after 12 tries.
 */
export async function lookAgain<T>(
  app: App,
  attempt: (recallMs: number) => Promise<T | 'conflict'>,
): Promise<T> {
  for (let tries = 1; tries <= triesMax; tries += 1) {
    const outcome = await attempt(tries === 1 ? limits.recallMs : 0);
    if (outcome !== 'conflict') return outcome;
    await app.clock.sleep(Math.round(app.random.fraction() * Math.min(400, 5 * 2 ** tries)));
  }
  throw new StoreFault(
    'busy',
    'The same thing is being changed by many callers at once; try again in a moment.',
  );
}
