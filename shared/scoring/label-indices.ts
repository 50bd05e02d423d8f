/** Makes the graph give a text label as its class's index: a number crosses out of the runtime for free, a text does not. */
import { freshName } from './fresh-name.ts';
import { encodeAttribute, type OnnxModel } from './onnx-schema.ts';
import { onnxInt64 } from './onnx-type.ts';

const attributeTypeInt = 2;
const attributeTypeInts = 7;
const attributeTypeStrings = 8;
const mlDomain = 'ai.onnx.ml';

/** Version of the ai.onnx.ml operators the model is written for; added to models that use none of them. */
function mlVersion(model: OnnxModel): number {
  const opset = model.opsetImport.find((entry) => entry.domain === mlDomain);
  if (opset !== undefined) return Number(opset.version);
  model.opsetImport.push({ domain: mlDomain, version: 2 });
  return 2;
}

/** The first version of LabelEncoder knew one list, later ones pairs of keys and values. */
function encoderAttributes(labels: readonly string[], version: number): Uint8Array[] {
  const strings = labels.map((label) => new TextEncoder().encode(label));
  const unknown = encodeAttribute({ name: 'default_int64', i: -1, type: attributeTypeInt });
  if (version < 2) {
    return [encodeAttribute({ name: 'classes_strings', strings, type: attributeTypeStrings }), unknown];
  }
  const ints = labels.map((_, index) => index);
  return [
    encodeAttribute({ name: 'keys_strings', strings, type: attributeTypeStrings }),
    encodeAttribute({ name: 'values_int64s', ints, type: attributeTypeInts }),
    unknown,
  ];
}

/**
 * Replaces the label output by one of int64 indices into `labels`, -1 for a text that is none of them.
 * Changes the model in place.
 * @returns The new output's name.
 */
export function useLabelIndices(model: OnnxModel, labelOutput: string, labels: readonly string[]): string {
  const graph = model.graph;
  const indices = freshName(graph, `${labelOutput}__index`);
  graph.node.push({
    input: [labelOutput],
    output: [indices],
    opType: 'LabelEncoder',
    domain: mlDomain,
    attribute: encoderAttributes(labels, mlVersion(model)),
  });
  graph.output = graph.output.map((value) => {
    if (value.name !== labelOutput) return value;
    const shape = value.type?.tensorType?.shape;
    return {
      name: indices,
      type: { tensorType: shape === undefined ? { elemType: onnxInt64 } : { elemType: onnxInt64, shape } },
    };
  });
  return indices;
}
