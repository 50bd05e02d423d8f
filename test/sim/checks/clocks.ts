/** Every instance's clock, once it has heard of the storage's, is no further off than it says itself. */
import type { MakeCheck } from './check.ts';

/** A step back of up to a second is waited out, a reply of a second's resolution. */
const holdMs = 1_001;

export const clocks: MakeCheck = ({ violations, hooks, scheduler }) => {
  hooks.onHeard.push((instance) => {
    const offMs = Math.abs(instance.clock.now() - scheduler.nowMs);
    if (offMs > 2 * instance.clock.uncertaintyMs() + holdMs)
      violations.add(
        'clocks',
        `${instance.name} is ${offMs} ms off, and says ${instance.clock.uncertaintyMs()}`,
        [instance.name],
      );
  });
  return {};
};
