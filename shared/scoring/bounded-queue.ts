/** A first-in first-out queue with a bound: whoever is faster waits, so memory stays flat. */

export type BoundedQueue<T> = {
  /** Resolves when one more item may be pushed. */
  readonly room: () => Promise<void>;
  readonly push: (item: T) => void;
  /** No more items will come. */
  readonly end: () => void;
  /** The oldest item, left in its place: its room is taken until `drop`. Undefined when the queue has ended. */
  readonly peek: () => Promise<T | undefined>;
  readonly drop: () => void;
};

/** For one producer and one consumer. @param max Items held, at least 1. */
export function createBoundedQueue<T>(max: number): BoundedQueue<T> {
  const items: T[] = [];
  let ended = false;
  let wakeProducer = (): void => {};
  let wakeConsumer = (): void => {};
  return {
    room: async () => {
      if (items.length >= max) await new Promise<void>((resolve) => (wakeProducer = resolve));
    },
    push: (item) => {
      items.push(item);
      wakeConsumer();
    },
    end: () => {
      ended = true;
      wakeConsumer();
    },
    peek: async () => {
      if (items.length === 0 && !ended) await new Promise<void>((resolve) => (wakeConsumer = resolve));
      return items[0];
    },
    drop: () => {
      items.shift();
      wakeProducer();
    },
  };
}
