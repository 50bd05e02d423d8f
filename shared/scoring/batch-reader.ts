/** What a thread asks of a session for a batch, and how it makes scores of the answer. */
import * as ort from 'onnxruntime-node';
import { outputOf, readOutputs, wrongShape, type ScoredBatch } from './read-outputs.ts';
import type { SessionPlan } from './session-plan.ts';
import type { TreePlan } from './trees/cut-trees.ts';
import { createTreeScorer } from './trees/tree-scorer.ts';

type Outputs = ort.InferenceSession.OnnxValueMapType;

export type BatchReader = {
  /** The outputs to fetch for so many rows: by name, or with the memory they are to be written to. */
  readonly fetches: (rows: number) => ort.InferenceSession.FetchesType;
  /**
   * The scores, until the next batch is fetched.
   * @throws ScoringError `ModuleExecutionError` when an output has another shape than the model declares.
   */
  readonly read: (outputs: Outputs, rows: number) => ScoredBatch;
};

/** @param rowsMax of a batch */
export function createBatchReader(plan: SessionPlan, rowsMax: number): BatchReader {
  return plan.trees === undefined ? outputReader(plan) : treeReader(plan.trees, rowsMax);
}

function outputReader({ read }: SessionPlan): BatchReader {
  const { label, probabilities } = read;
  const fetches = [label.name, ...(probabilities === undefined ? [] : [probabilities.name])];
  return { fetches: () => fetches, read: (outputs, rows) => readOutputs(read, outputs, rows) };
}

/** The features are megabytes a batch: after the first, the runtime writes them to the same memory. */
function treeReader({ features, ensemble, outcome }: TreePlan, rowsMax: number): BatchReader {
  const score = createTreeScorer(ensemble, outcome, rowsMax);
  let width = 0;
  let memory = new Float32Array(0);
  return {
    fetches: (rows) => {
      if (width === 0) return [features];
      const values = memory.subarray(0, rows * width);
      return { [features]: new ort.Tensor('float32', values, [rows, width]) };
    },
    read: (outputs, rows) => {
      const tensor = outputOf(outputs, features);
      const { data, dims } = tensor;
      const [length, wide = 0] = dims;
      if (
        !(data instanceof Float32Array) ||
        dims.length !== 2 ||
        length !== rows ||
        wide < ensemble.features
      ) {
        throw wrongShape(features, tensor, rows);
      }
      if (width === 0) {
        width = wide;
        memory = new Float32Array(rowsMax * width);
      }
      return score({ values: data, width: wide }, rows);
    },
  };
}
