/** Fifty starts at once make two dispatch runs of a pool, not fifty: one under way, one more pending for everybody else. */
import type { OneAtATime } from './ports.ts';

type Turn = { readonly current: Promise<void>; pending?: Promise<void> };

export function makeOneAtATime(): OneAtATime {
  const turns = new Map<string, Turn>();

  function begin(topic: string, run: () => Promise<void>): Promise<void> {
    const current = run().finally(() => {
      if (turns.get(topic)?.pending === undefined) turns.delete(topic);
    });
    turns.set(topic, { current });
    return current;
  }

  return (topic, run) => {
    const turn = turns.get(topic);
    if (turn === undefined) return begin(topic, run);
    turn.pending ??= turn.current.then(
      () => begin(topic, run),
      () => begin(topic, run),
    );
    return turn.pending;
  };
}
