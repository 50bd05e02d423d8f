/** How a session is opened, in one place: the check must accept exactly what the engine can run. */
import type * as ort from 'onnxruntime-node';

/** One thread for each session: the engine's own workers use the cores. Silent: what goes wrong is thrown, and stderr is not the runtime's. */
export const sessionOptions: ort.InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  logSeverityLevel: 4,
};
