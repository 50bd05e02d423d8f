/** Turns the tensors of a run into what is written for each row, after checking that they have the shape promised. */
import type * as ort from 'onnxruntime-node';
import { ScoringError } from './scoring-error.ts';
import type { ReadPlan } from './session-plan.ts';

/** A run's results. `perRow` numbers of `probabilities` belong to a row. */
export type ScoredBatch = {
  readonly label:
    | { readonly kind: 'index'; readonly indices: Int32Array }
    | { readonly kind: 'numbers'; readonly values: Float32Array | Float64Array }
    | { readonly kind: 'ints32'; readonly values: Int32Array }
    /** `halves` is the memory of `values`, the low half of each first. */
    | { readonly kind: 'ints64'; readonly values: BigInt64Array; readonly halves: Int32Array }
    | { readonly kind: 'bools'; readonly values: Uint8Array }
    | { readonly kind: 'texts'; readonly values: readonly string[] };
  readonly probabilities: Float32Array | Float64Array;
  readonly perRow: number;
};

const none = new Float32Array(0);

export function outputOf(outputs: ort.InferenceSession.OnnxValueMapType, name: string): ort.Tensor {
  const output = outputs[name];
  if (output === undefined)
    throw new ScoringError('ModuleExecutionError', `The model gave no output '${name}'.`);
  return output;
}

export function wrongShape(name: string, tensor: ort.Tensor, rows: number): ScoringError {
  return new ScoringError(
    'ModuleExecutionError',
    `The model's output '${name}' has the shape [${tensor.dims.join(', ')}] for ${rows} rows.`,
  );
}

/** Indices are small: their low halves are all of them. */
function classIndices(halves: Int32Array, classes: number): Int32Array {
  const indices = new Int32Array(halves.length / 2);
  for (let i = 0; i < indices.length; i++) {
    const index = halves[i * 2] as number;
    if (index < 0 || index >= classes) {
      throw new ScoringError(
        'ModuleExecutionError',
        'The model gave a label that is not in its own list of classes.',
      );
    }
    indices[i] = index;
  }
  return indices;
}

function readLabel(plan: ReadPlan['label'], tensor: ort.Tensor, rows: number): ScoredBatch['label'] {
  const data = tensor.data;
  if (data.length !== rows) throw wrongShape(plan.name, tensor, rows);
  if (data instanceof BigInt64Array) {
    const halves = new Int32Array(data.buffer, data.byteOffset, data.length * 2);
    return plan.kind === 'index'
      ? { kind: 'index', indices: classIndices(halves, plan.labels.length) }
      : { kind: 'ints64', values: data, halves };
  }
  if (data instanceof Int32Array) return { kind: 'ints32', values: data };
  if (data instanceof Float32Array || data instanceof Float64Array) {
    return { kind: 'numbers', values: data };
  }
  if (data instanceof Uint8Array) return { kind: 'bools', values: data };
  if (Array.isArray(data)) return { kind: 'texts', values: data };
  throw wrongShape(plan.name, tensor, rows);
}

/** @throws ScoringError `ModuleExecutionError` when an output does not have one entry (or one per class) for each row. */
export function readOutputs(
  plan: ReadPlan,
  outputs: ort.InferenceSession.OnnxValueMapType,
  rows: number,
): ScoredBatch {
  const label = readLabel(plan.label, outputOf(outputs, plan.label.name), rows);
  if (plan.probabilities === undefined) return { label, probabilities: none, perRow: 0 };
  const name = plan.probabilities.name;
  const tensor = outputOf(outputs, name);
  const data = tensor.data;
  const perRow = data.length / rows;
  const fits = perRow === plan.classes || (plan.layout === 'binary' && perRow === 1);
  if (!fits || !(data instanceof Float32Array || data instanceof Float64Array)) {
    throw wrongShape(name, tensor, rows);
  }
  return { label, probabilities: data, perRow };
}
