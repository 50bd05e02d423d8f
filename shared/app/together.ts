/** VMs of a pool that end their jobs at the same moment share one look at the queue and one commit, in the order in which they came. */
/**
 * What is asked for one topic while a run for it is under way in this process is run together next, in its order. `run`
 * gives a result for each item; when it throws, all of its items fail.
 */
export type Together = <A, B>(
  topic: string,
  item: A,
  run: (items: readonly A[]) => Promise<readonly B[]>,
) => Promise<B>;

type Asked = {
  readonly item: unknown;
  readonly run: (items: readonly never[]) => Promise<readonly unknown[]>;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
};

/** @param most items of one run; the others are run next */
export function makeTogether(most: number): Together {
  const topics = new Map<string, Asked[]>();

  async function serve(topic: string, waiting: Asked[]): Promise<void> {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const turn = waiting.splice(0, most);
      try {
        // Each turn is run by its first: it may be bound to that one's deadline.
        const results = await first.run(turn.map(({ item }) => item as never));
        for (const [index, { resolve }] of turn.entries()) resolve(results[index] as never);
      } catch (error) {
        for (const { reject } of turn) reject(error);
      }
    }
    topics.delete(topic);
  }

  return (topic, item, run) =>
    new Promise((resolve, reject) => {
      const known = topics.get(topic);
      const waiting = known ?? [];
      waiting.push({ item, run, resolve, reject });
      if (known !== undefined) return;
      topics.set(topic, waiting);
      void serve(topic, waiting);
    });
}
