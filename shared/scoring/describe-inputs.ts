/** Reads a graph's inputs: name, type and how many CSV columns each takes, or why it cannot be fed from a CSV. */
import { stringsOf, usersOf } from './graph-search.ts';
import type { ModelInput, ValueType } from './model-info.ts';
import { ModelRefusal } from './model-refusal.ts';
import {
  tensorName,
  type OnnxGraph,
  type OnnxModel,
  type OnnxTensorType,
  type OnnxValue,
} from './onnx-schema.ts';
import { typeName, valueType } from './onnx-type.ts';
import { scoringLimits } from './scoring-limits.ts';

/** An input as the session wants it: `rank` 1 for [N], 2 for [N,width]; `knownValues` are all there are. */
export type InputShape = ModelInput & { readonly rank: 1 | 2 };

const nodesThatKnow = ['cats_strings', 'keys_strings', 'classes_strings'];

function inputType(name: string, tensor: OnnxTensorType): ValueType {
  const type = valueType(tensor.elemType);
  if (type === undefined || type === 'int32') {
    throw new ModelRefusal(
      `Input '${name}' has the type ${typeName(tensor.elemType)}, which is not supported (float32, float64, int64, string and bool are).`,
    );
  }
  return type;
}

function inputWidth(name: string, tensor: OnnxTensorType, columns: readonly string[] | undefined): number {
  const dims = tensor.shape?.dim;
  if (dims === undefined || dims.length < 1 || dims.length > 2) {
    const rank = dims === undefined ? 'no shape' : `${dims.length} dimensions`;
    throw new ModelRefusal(`Input '${name}' has ${rank}; [rows] and [rows, columns] are supported.`);
  }
  if (dims[0]?.dimValue !== undefined && Number(dims[0].dimValue) > 0) {
    throw new ModelRefusal(
      `Input '${name}' has a fixed number of rows (${String(dims[0].dimValue)}); export the model with a dynamic first dimension.`,
    );
  }
  if (dims.length === 1) return 1;
  const width = Number(dims[1]?.dimValue ?? 0);
  if (width > 0 && width <= scoringLimits.columnsMax) return width;
  if (width === 0 && columns !== undefined) return columns.length;
  throw new ModelRefusal(
    width === 0
      ? `Input '${name}' does not say how many columns it takes; export the model with a fixed second dimension or a 'columns' metadata entry.`
      : `Input '${name}' takes ${width} columns; at most ${scoringLimits.columnsMax} are supported.`,
  );
}

/** Categories that the nodes directly behind a string input were trained on. */
function knownValues(graph: OnnxGraph, name: string): string[] | undefined {
  for (const user of usersOf(graph, name)) {
    for (const attribute of nodesThatKnow) {
      const values = stringsOf(user, attribute);
      if (values !== undefined) return values;
    }
  }
  return undefined;
}

/** The `columns` metadata: a JSON list of column names in the order of an [N,C] input. */
function columnsOf(model: OnnxModel): string[] | undefined {
  const text = model.metadataProps.find((entry) => entry.key === 'columns')?.value;
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string'))
    return value;
  throw new ModelRefusal(`The model's metadata entry 'columns' is not a JSON list of names.`);
}

function describeInput(graph: OnnxGraph, value: OnnxValue, columns: string[] | undefined): InputShape {
  const name = value.name;
  const tensor = value.type?.tensorType;
  if (tensor === undefined) {
    throw new ModelRefusal(`Input '${name}' is not a tensor; export the model with tensor inputs.`);
  }
  const type = inputType(name, tensor);
  const width = inputWidth(name, tensor, columns);
  const known = type === 'string' && width === 1 ? knownValues(graph, name) : undefined;
  return {
    name,
    type,
    width,
    ...(width > 1 && columns?.length === width ? { columns } : {}),
    ...(known === undefined ? {} : { knownValues: known }),
    rank: tensor.shape?.dim.length === 1 ? 1 : 2,
  };
}

/** All inputs that need feeding, in the model's order. @throws ModelRefusal naming the input that cannot be fed. */
export function describeInputs(model: OnnxModel): InputShape[] {
  const graph = model.graph;
  // Old files list constants among the inputs too.
  const constants = new Set(graph.initializer.map(tensorName));
  const columns = columnsOf(model);
  const inputs = graph.input.filter((value) => !constants.has(value.name));
  if (inputs.length === 0) throw new ModelRefusal('The model has no inputs.');
  if (inputs.length > scoringLimits.columnsMax) {
    throw new ModelRefusal(
      `The model has ${inputs.length} inputs; at most ${scoringLimits.columnsMax} are supported.`,
    );
  }
  return inputs.map((value) => describeInput(graph, value, columns));
}
