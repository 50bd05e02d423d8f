/** Finds tensors that keep their data in other files: such a model could read any file of the machine it runs on. */
import protobuf from 'protobufjs';

type MessageName = keyof typeof nestedMessages;

/** Where messages that may hold tensors lie inside each other, by field number (onnx.proto). */
const nestedMessages = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  training: { 1: 'graph', 2: 'graph' },
  function: { 7: 'node', 11: 'attribute' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: {},
} as const;

const tensorExternalData = 13;
const tensorDataLocation = 14;
const wireVarint = 0;
const wireBytes = 2;
/** Graphs inside of graphs; real models have a handful. */
const depthMax = 64;

function readsElsewhere(reader: protobuf.Reader, name: MessageName, end: number, depth: number): boolean {
  if (depth > depthMax) throw new RangeError('graphs are nested too deeply');
  const nested: Readonly<Record<number, MessageName>> = nestedMessages[name];
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    const wire = tag & 7;
    if (name === 'tensor' && field === tensorExternalData) return true;
    if (name === 'tensor' && field === tensorDataLocation && wire === wireVarint) {
      if (reader.uint32() !== 0) return true;
      continue;
    }
    const inner = nested[field];
    if (inner === undefined || wire !== wireBytes) {
      reader.skipType(wire);
      continue;
    }
    const length = reader.uint32();
    const innerEnd = reader.pos + length;
    if (innerEnd > end) throw new RangeError('a message is longer than what holds it');
    if (readsElsewhere(reader, inner, innerEnd, depth + 1)) return true;
    if (reader.pos !== innerEnd) throw new RangeError('a message ends in the middle of a field');
  }
  return false;
}

/**
 * Whether any tensor of the model (in graphs, attributes, functions, training) points to another file.
 * @param bytes An encoded ONNX model. @throws RangeError or Error when it is not one.
 */
export function usesExternalData(bytes: Uint8Array): boolean {
  const reader = protobuf.Reader.create(bytes);
  return readsElsewhere(reader, 'model', reader.len, 0);
}
