/** What a model takes and gives, in the words callers need: it is stored with a service and its swagger is derived from it. */

/** Element types a model input may have; everything else is refused when the model is checked. */
export type ValueType = 'float32' | 'float64' | 'int64' | 'string' | 'bool';

/** One input of the model. Plain JSON. */
export type ModelInput = {
  /** The input's name in the graph; for `width` 1 also the CSV column's name. */
  readonly name: string;
  readonly type: ValueType;
  /** CSV columns it takes: 1 for shape [N,1] or [N], C for [N,C]. */
  readonly width: number;
  /** Names of the `width` columns of a [N,C] input, when the model's `columns` metadata gives them. */
  readonly columns?: readonly string[];
  /** Values a string input was trained on (its encoder's categories), when the model tells. At most 1,000. */
  readonly knownValues?: readonly string[];
};

/** One output of the model that scoring uses. Plain JSON. */
export type ModelOutput = {
  readonly name: string;
  readonly type: ValueType | 'int32';
  /** `label`: the class or the predicted value; `probabilities`: one number for each class. */
  readonly role: 'label' | 'probabilities';
};

/** What the model predicts. `labels` are in class order: the order of the probabilities. */
export type ModelTask =
  | { readonly kind: 'binary'; readonly labels: readonly string[] }
  | { readonly kind: 'multiclass'; readonly labels: readonly string[] }
  | { readonly kind: 'regression' };

/** A column that scoring appends to every row of the input. */
export type ScoredColumn = { readonly name: string; readonly type: 'string' | 'int64' | 'float64' };

/** Everything known about a model without its file. Plain JSON. */
export type ModelInfo = {
  readonly inputs: readonly ModelInput[];
  readonly outputs: readonly ModelOutput[];
  readonly task: ModelTask;
  /** The columns appended to the input's own, in order. */
  readonly columns: readonly ScoredColumn[];
};
