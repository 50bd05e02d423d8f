/** Models that preparation refuses, each with a sentence for the person who uploaded it. */
import { expect, test } from 'vitest';
import { decodeModel, encodeModel, type OnnxModel } from '../../shared/scoring/onnx-schema.ts';
import { ModelRefusal } from '../../shared/scoring/model-refusal.ts';
import { prepareGraph } from '../../shared/scoring/prepare-graph.ts';
import { echoModel, floats, node, rowSum } from './onnx-fixtures.ts';

function edited(bytes: Uint8Array, edit: (model: OnnxModel) => void): Uint8Array {
  const message = decodeModel(bytes);
  edit(message);
  return encodeModel(message);
}

/** A tensor with field 14, data_location, set to EXTERNAL, beside a location in field 13. */
function externalTensor(): Uint8Array {
  const entry = Buffer.from([0x0a, 8, ...Buffer.from('location'), 0x12, 11, ...Buffer.from('/etc/passwd')]);
  return Buffer.concat([
    floats('w', [1, 1], []),
    Buffer.from([0x6a, entry.length]),
    entry,
    Buffer.from([0x70, 1]),
  ]);
}

/** An attribute (field 5, `t`) that holds a tensor. */
function tensorAttribute(tensor: Uint8Array): Uint8Array {
  const name = Buffer.from([0x0a, 5, ...Buffer.from('value'), 0xa0, 0x01, 4]);
  return Buffer.concat([name, Buffer.from([0x2a, tensor.length]), tensor]);
}

const external = /keeps data in other files \(external_data\)/;
const refusals: [string, () => Uint8Array, RegExp][] = [
  ['text', () => Buffer.from('hello'), /^The file is not an ONNX model\.$/],
  ['nothing', () => Buffer.alloc(0), /^The file is not an ONNX model\.$/],
  ['half a model', () => rowSum(3).subarray(0, 60), /^The file is not an ONNX model\.$/],
  ['external data', () => edited(rowSum(1), (m) => (m.graph.initializer = [externalTensor()])), external],
  [
    'external data in an attribute',
    () =>
      edited(rowSum(1), (m) => {
        m.graph.node.push({ ...node('Constant', [], ['c']), attribute: [tensorAttribute(externalTensor())] });
      }),
    external,
  ],
  [
    'an unsupported type',
    () => echoModel('half', 'float16'),
    /^Input 'half' has the type float16, which is not supported/,
  ],
  ['three dimensions', () => echoModel('image', 'float32', ['N', 3, 4]), /^Input 'image' has 3 dimensions;/],
  ['a fixed batch', () => echoModel('x', 'float32', [1, 1]), /^Input 'x' has a fixed number of rows \(1\)/],
  [
    'an unknown width',
    () => echoModel('x', 'float32', ['N', 'M']),
    /^Input 'x' does not say how many columns/,
  ],
  [
    'an input that is no tensor',
    () => edited(echoModel('x', 'float32'), (m) => (m.graph.input = [{ name: 'maps' }])),
    /^Input 'maps' is not a tensor/,
  ],
  [
    'no supported output',
    () => echoModel('x', 'float32', ['N', 3]),
    /^The model has no supported outputs: .* gives 'echo' \(float32\)\.$/,
  ],
  [
    'columns that are no list',
    () => edited(rowSum(2), (m) => (m.metadataProps = [{ key: 'columns', value: '{}' }])),
    /^The model's metadata entry 'columns' is not a JSON list/,
  ],
];

test.each(refusals)('%s', (_, make, reason) => {
  expect(() => prepareGraph(make())).toThrow(ModelRefusal);
  expect(() => prepareGraph(make())).toThrow(reason);
});
