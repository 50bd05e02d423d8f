/** How to feed and read a prepared model: what graph preparation tells the threads that run it. Can be sent to a thread. */
import type { ValueType } from './model-info.ts';
import type { TreePlan } from './trees/cut-trees.ts';

/** One model input. `texts` and `indices` are the two inputs that took a string input's place. */
export type FeedPlan = { readonly type: ValueType; readonly width: number; readonly rank: 1 | 2 } & (
  | { readonly kind: 'plain'; readonly name: string }
  | {
      readonly kind: 'dictionary';
      readonly name: string;
      readonly texts: string;
      readonly indices: string;
      /** Every value that the encoder behind the input knows, when the model tells. */
      readonly known?: readonly string[];
    }
);

/** The outputs to fetch and how their text is made. */
export type ReadPlan = {
  readonly label:
    | { readonly kind: 'index'; readonly name: string; readonly labels: readonly string[] }
    | { readonly kind: 'value'; readonly name: string };
  readonly probabilities?: { readonly name: string };
  /**
   * `binary`: label, then the second class's probability; `multiclass`: each class's probability, then the label;
   * `value`: the label alone.
   */
  readonly layout: 'binary' | 'multiclass' | 'value';
  /** Numbers a row that `probabilities` must have (1 or 2 for `binary`). */
  readonly classes: number;
};

/** Everything a session's user needs beside the model's bytes. With `trees`, they make what `read` names. */
export type SessionPlan = {
  readonly feeds: readonly FeedPlan[];
  readonly read: ReadPlan;
  readonly trees?: TreePlan;
};
