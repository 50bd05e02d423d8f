/** So many of a kind at a time, the others in the order in which they came. */
export type Turns = <T>(run: () => Promise<T>) => Promise<T>;

export function makeTurns(atOnce: number): Turns {
  const waiting: (() => void)[] = [];
  let free = atOnce;
  return async (run) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await run();
    } finally {
      // A place goes from hand to hand: nobody who comes now is before those who wait.
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
