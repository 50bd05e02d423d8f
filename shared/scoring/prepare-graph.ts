/** Turns a model file into one that runs here and fast: checked, without ZipMap, with dictionaries and label indices, its trees cut off. */
import { classLabels } from './class-labels.ts';
import { describeInputs, type InputShape } from './describe-inputs.ts';
import { describeOutputs, type ChosenOutputs } from './describe-outputs.ts';
import { useDictionary } from './dictionary-inputs.ts';
import { dropZipMaps } from './drop-zipmap.ts';
import { usesExternalData } from './external-data.ts';
import { foldLinear } from './fold-linear.ts';
import { labelProbabilities, type MadeLabel } from './label-of-probabilities.ts';
import { useLabelIndices } from './label-indices.ts';
import type { ModelInfo, ModelInput, ModelOutput } from './model-info.ts';
import { ModelRefusal } from './model-refusal.ts';
import { decodeModel, encodeModel, type OnnxModel } from './onnx-schema.ts';
import type { FeedPlan, ReadPlan, SessionPlan } from './session-plan.ts';
import { cutTrees, type TreePlan } from './trees/cut-trees.ts';

/** A model ready for a session. `bytes` are always encoded here: nothing but ONNX reaches the runtime. */
export type PreparedModel = {
  readonly bytes: Uint8Array;
  readonly info: ModelInfo;
  readonly plan: SessionPlan;
};

function decodeOrRefuse(bytes: Uint8Array): OnnxModel {
  let external: boolean;
  let model: OnnxModel;
  try {
    external = usesExternalData(bytes);
    model = decodeModel(bytes);
  } catch (error) {
    throw new ModelRefusal('The file is not an ONNX model.', { cause: error });
  }
  if (external) {
    throw new ModelRefusal(
      'The model keeps data in other files (external_data); save it as one file with all data inside.',
    );
  }
  if (!Object.hasOwn(model, 'graph') || model.graph.node.length === 0 || model.opsetImport.length === 0) {
    throw new ModelRefusal('The file is not an ONNX model.');
  }
  return model;
}

function feedPlan(model: OnnxModel, input: InputShape): FeedPlan {
  const { name, type, width, rank } = input;
  if (type !== 'string' || width !== 1) return { kind: 'plain', name, type, width, rank };
  const known = input.knownValues === undefined ? {} : { known: input.knownValues };
  return { kind: 'dictionary', name, type, width, rank, ...useDictionary(model.graph, input), ...known };
}

/** Known values that are shown; the rest is told apart only. */
const knownValuesMax = 1000;

function inputInfo({ rank: _, knownValues, ...input }: InputShape): ModelInput {
  return knownValues === undefined ? input : { ...input, knownValues: knownValues.slice(0, knownValuesMax) };
}

function labelPlan(
  model: OnnxModel,
  { label }: ChosenOutputs,
  made: MadeLabel | undefined,
  trees: TreePlan | undefined,
): ReadPlan['label'] {
  if (made !== undefined) return { kind: 'index', ...made };
  if (trees !== undefined && trees.labels.length > 0) {
    return { kind: 'index', name: label.name, labels: trees.labels };
  }
  const labels = label.type === 'string' ? classLabels(model.graph, label.name) : undefined;
  return labels === undefined
    ? { kind: 'value', name: label.name }
    : { kind: 'index', name: useLabelIndices(model, label.name, labels), labels };
}

function readPlan(
  model: OnnxModel,
  chosen: ChosenOutputs,
  made: MadeLabel | undefined,
  trees: TreePlan | undefined,
): ReadPlan {
  const { probabilities, task } = chosen;
  const layout = probabilities === undefined || task.kind === 'regression' ? ('value' as const) : task.kind;
  return {
    label: labelPlan(model, chosen, made, trees),
    ...(probabilities === undefined ? {} : { probabilities: { name: probabilities.name } }),
    layout,
    classes: task.kind === 'regression' ? 0 : task.labels.length,
  };
}

function describe(inputs: readonly InputShape[], chosen: ChosenOutputs): ModelInfo {
  const { label, probabilities, task, columns } = chosen;
  const outputs: ModelOutput[] = [{ name: label.name, type: label.type, role: 'label' }];
  if (probabilities !== undefined) {
    outputs.push({ name: probabilities.name, type: probabilities.type, role: 'probabilities' });
  }
  return { inputs: inputs.map(inputInfo), outputs, task, columns };
}

/** `plain`: no more is changed than must be for the model to run; what the fast way is measured and tested against. */
export type Preparation = 'fast' | 'plain';

/**
 * Prepares a model. Costs time and memory in proportion to the file; safe for hostile bytes, but run in a process that may die.
 * @throws ModelRefusal with the reason when the model cannot be served.
 */
export function prepareGraph(bytes: Uint8Array, preparation: Preparation = 'fast'): PreparedModel {
  const model = decodeOrRefuse(bytes);
  const dropped = dropZipMaps(model.graph);
  const inputs = describeInputs(model);
  const made = labelProbabilities(model, dropped);
  const chosen = describeOutputs(model.graph, dropped, made);
  const info = describe(inputs, chosen);
  const trees = made === undefined && preparation === 'fast' ? cutTrees(model.graph, chosen) : undefined;
  if (preparation === 'fast') foldLinear(model.graph);
  const plan: SessionPlan = {
    feeds: inputs.map((input) => feedPlan(model, input)),
    read: readPlan(model, chosen, made, trees),
    ...(trees === undefined ? {} : { trees }),
  };
  return { bytes: encodeModel(model), info, plan };
}
