/** The timer that dispatches and bills; HTTP only makes it quicker (design.md, section 2). */
import { app as functions } from '@azure/functions';
import { tick } from '../shared/app/tick.ts';
import { loadAppLazily } from '../shared/http/endpoint.ts';
import { redact } from '../shared/http/redact.ts';
import { noteTick } from '../shared/http/tick-watch.ts';

functions.timer('tick', {
  schedule: '%TICK_SCHEDULE%',
  handler: async (_timer, context) => {
    try {
      const app = await loadAppLazily();
      await tick(app);
      noteTick(app.clock.now());
    } catch (error) {
      // The next tick repeats everything: there is nothing that a retry of the host's could add.
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      context.error(JSON.stringify({ event: 'tick-failed', error: redact(text).slice(0, 2_000) }));
    }
  },
});
