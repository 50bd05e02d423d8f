/** Runs a prepared model on two made-up rows: operators that are missing or shapes that lie show only then. */
import * as ort from 'onnxruntime-node';
import { ModelRefusal } from './model-refusal.ts';
import { createBatchReader } from './batch-reader.ts';
import type { ModelInput } from './model-info.ts';
import type { PreparedModel } from './prepare-graph.ts';
import { sessionOptions } from './session-options.ts';
import type { FeedPlan } from './session-plan.ts';

const trialRows = 2;

/** A text that is known to the model, else one that also reads as a number. */
const trialText = (input: ModelInput): string => input.knownValues?.[0] ?? '0';

function plainTensor(plan: FeedPlan, shape: number[]): ort.Tensor {
  const size = trialRows * plan.width;
  switch (plan.type) {
    case 'float32':
      return new ort.Tensor('float32', new Float32Array(size), shape);
    case 'float64':
      return new ort.Tensor('float64', new Float64Array(size), shape);
    case 'int64':
      return new ort.Tensor('int64', new BigInt64Array(size), shape);
    case 'bool':
      return new ort.Tensor('bool', new Uint8Array(size), shape);
    case 'string':
      return new ort.Tensor(
        'string',
        Array.from({ length: size }, () => '0'),
        shape,
      );
  }
}

function trialFeeds(model: PreparedModel): Record<string, ort.Tensor> {
  const feeds: Record<string, ort.Tensor> = {};
  model.plan.feeds.forEach((plan, i) => {
    const input = model.info.inputs[i];
    const shape = plan.rank === 1 ? [trialRows] : [trialRows, plan.width];
    if (plan.kind === 'plain' || input === undefined) feeds[plan.name] = plainTensor(plan, shape);
    else {
      feeds[plan.texts] = new ort.Tensor('string', [trialText(input)], [1]);
      feeds[plan.indices] = new ort.Tensor('int32', new Int32Array(trialRows), shape);
    }
  });
  return feeds;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** @throws ModelRefusal when the model does not load, does not run or gives other outputs than it declares. */
export async function trialRun(model: PreparedModel): Promise<void> {
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(model.bytes, sessionOptions);
  } catch (error) {
    throw new ModelRefusal(`The model cannot be opened: ${messageOf(error)}`, { cause: error });
  }
  try {
    const reader = createBatchReader(model.plan, trialRows);
    reader.read(await session.run(trialFeeds(model), reader.fetches(trialRows)), trialRows);
  } catch (error) {
    throw new ModelRefusal(`The model fails on a trial row: ${messageOf(error)}`, { cause: error });
  } finally {
    await session.release();
  }
}
