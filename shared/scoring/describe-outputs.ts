/** Chooses the outputs that scoring writes and derives from them what the model predicts. */
import { classLabels } from './class-labels.ts';
import type { DroppedZipMap } from './drop-zipmap.ts';
import type { MadeLabel } from './label-of-probabilities.ts';
import type { ModelTask, ScoredColumn, ValueType } from './model-info.ts';
import { ModelRefusal } from './model-refusal.ts';
import type { OnnxGraph, OnnxValue } from './onnx-schema.ts';
import { typeName, valueType } from './onnx-type.ts';

/** An output as the session gives it: `width` numbers a row, undefined where the model does not say. */
export type OutputShape = {
  readonly name: string;
  readonly type: ValueType | 'int32';
  readonly width?: number;
};

/** The outputs in use. `label` may be a regression's value. */
export type ChosenOutputs = {
  readonly label: OutputShape;
  readonly probabilities?: OutputShape;
  readonly task: ModelTask;
  readonly columns: readonly ScoredColumn[];
};

const isFloat = (output: OutputShape): boolean => output.type === 'float32' || output.type === 'float64';

function outputShape(value: OnnxValue): OutputShape[] {
  const tensor = value.type?.tensorType;
  const type = tensor === undefined ? undefined : valueType(tensor.elemType);
  if (type === undefined) return [];
  const dims = tensor?.shape?.dim;
  if (dims === undefined) return [{ name: value.name, type }];
  if (dims.length === 1) return [{ name: value.name, type, width: 1 }];
  if (dims.length !== 2) return [];
  const width = Number(dims[1]?.dimValue ?? 0);
  return [width > 0 ? { name: value.name, type, width } : { name: value.name, type }];
}

/** The best of several float outputs: as wide as there are labels, else named so, else the first that may be it. */
function chooseProbabilities(outputs: OutputShape[], classes: number | undefined): OutputShape | undefined {
  const floats = outputs.filter(isFloat);
  const named = (output: OutputShape): boolean => /prob/i.test(output.name);
  if (classes !== undefined) {
    const fitting = floats.filter((output) => output.width === undefined || output.width === classes);
    return (
      fitting.find(named) ??
      fitting[0] ??
      (classes === 2 ? floats.find((o) => o.width === 1 && named(o)) : undefined)
    );
  }
  const several = floats.filter((output) => output.width === undefined || output.width > 1);
  return several.find(named) ?? several[0];
}

function classifierColumns(
  label: OutputShape,
  labels: readonly string[],
  hasProbabilities: boolean,
): ScoredColumn[] {
  const labelColumn: ScoredColumn = {
    name: 'Scored Labels',
    type: label.type === 'string' || label.type === 'bool' ? 'string' : 'int64',
  };
  if (!hasProbabilities) return [labelColumn];
  if (labels.length === 2) return [labelColumn, { name: 'Scored Probabilities', type: 'float64' }];
  const perClass = labels.map((text): ScoredColumn => ({
    name: `Scored Probabilities for Class "${text}"`,
    type: 'float64',
  }));
  return [...perClass, labelColumn];
}

function classifier(
  label: OutputShape,
  outputs: OutputShape[],
  known: readonly string[] | undefined,
): ChosenOutputs {
  const probabilities = chooseProbabilities(outputs, known?.length);
  const width = probabilities?.width === 1 ? 2 : probabilities?.width;
  const labels = known ?? Array.from({ length: width ?? 0 }, (_, i) => String(i));
  if (probabilities !== undefined && labels.length === 0) {
    throw new ModelRefusal(`Output '${probabilities.name}' does not say how many classes it has.`);
  }
  if (labels.length === 0 && label.type !== 'string') {
    const column: ScoredColumn = { name: 'Scored Labels', type: label.type === 'bool' ? 'string' : 'int64' };
    return { label, task: { kind: 'regression' }, columns: [column] };
  }
  const task: ModelTask = labels.length === 2 ? { kind: 'binary', labels } : { kind: 'multiclass', labels };
  const columns = classifierColumns(label, labels, probabilities !== undefined);
  return probabilities === undefined ? { label, task, columns } : { label, probabilities, task, columns };
}

function regression(outputs: OutputShape[]): ChosenOutputs | undefined {
  const value = outputs.find(
    (output) => isFloat(output) && (output.width === 1 || output.width === undefined),
  );
  if (value === undefined) return undefined;
  return {
    label: value,
    task: { kind: 'regression' },
    columns: [{ name: 'Scored Labels', type: 'float64' }],
  };
}

/**
 * @param made the label of a model that has none.
 * @throws ModelRefusal when no output is a label or a predicted number.
 */
export function describeOutputs(
  graph: OnnxGraph,
  dropped: readonly DroppedZipMap[],
  made?: MadeLabel,
): ChosenOutputs {
  const outputs = graph.output.flatMap(outputShape);
  if (made !== undefined) {
    const type = made.labels.every((text) => /^-?\d+$/.test(text)) ? 'int64' : 'string';
    return classifier({ name: made.name, type, width: 1 }, outputs, [...made.labels]);
  }
  const label = outputs.find((output) => !isFloat(output) && (output.width ?? 1) === 1);
  if (label !== undefined) {
    const zipped = dropped.find((zip) => zip.labels.length > 0)?.labels;
    return classifier(label, outputs, zipped ?? classLabels(graph, label.name));
  }
  const value = regression(outputs);
  if (value !== undefined) return value;
  const seen = graph.output.map((output) => {
    const tensor = output.type?.tensorType;
    return `'${output.name}' (${tensor === undefined ? 'not a tensor' : typeName(tensor.elemType)})`;
  });
  throw new ModelRefusal(
    `The model has no supported outputs: it needs a label (string, int64 or bool, one a row) or one number a row, and gives ${seen.join(', ') || 'nothing'}.`,
  );
}
