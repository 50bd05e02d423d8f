/** What a VM is handed for one attempt: SAS handles made for it, never a connection string. */
import { limits } from '../core/limits.ts';
import type { Running } from '../core/job.ts';
import type { Assignment, OutputHandle } from '../core/vm-protocol.ts';
import { failJob } from './cancel.ts';
import { readSpec } from './job-spec.ts';
import type { App, BlobPlace } from './ports.ts';

/** Undefined when the job has ended meanwhile (its spec is gone), or ends here since its spec opens no more. */
export async function assignmentOf(app: App, job: Running): Promise<Assignment | undefined> {
  const row = await app.store.recall('spec', { jobId: job.jobId }, limits.recallMs);
  if (row === undefined) return undefined;
  const read = readSpec(app, job.subscriptionId, row.row);
  if (read.kind === 'refused') {
    const { code, message } = read.details[0] ?? read;
    await failJob(app, job, code, message);
    return undefined;
  }
  const { spec } = read;
  const untilMs = app.clock.now() + app.config.jobMsMax + limits.assignmentSpareMs;
  const model = await app.blobs.place('millpond-models', modelBlob(spec.model.sha256));
  return {
    jobId: job.jobId,
    attempt: job.attempt,
    model: { url: app.callerBlobs.sign(model, 'r', untilMs), ...spec.model },
    inputs: mapValues(spec.inputs, (place, name) => {
      const pin = job.inputs?.[name];
      if (pin === undefined)
        throw new Error(`job ${job.jobId} runs with an input that was never looked at: ${name}`);
      return {
        url: app.callerBlobs.sign(place, 'r', untilMs),
        ...pin,
        name: nameOf(place),
        reads: spec.reads,
      };
    }),
    outputs: mapValues(spec.outputs, (place) => handleOf(app, place, untilMs)),
    errors: handleOf(app, spec.errors, untilMs),
    rowErrors: spec.rowErrors,
    parameters: spec.parameters,
    beatMs: limits.beatBusyMs,
    limits: { runMs: app.config.jobMsMax, memoryMb: app.config.jobMemoryMb },
  };
}

export function modelBlob(sha256: string): string {
  return `${sha256}.onnx`;
}

function handleOf(app: App, place: BlobPlace, untilMs: number): OutputHandle {
  return { url: app.callerBlobs.sign(place, 'rcw', untilMs), name: nameOf(place), readable: mayRead(place) };
}

/** A SAS says in `sp` what it allows. */
export function mayRead(place: BlobPlace): boolean {
  if (place.access.kind === 'key') return true;
  return new URLSearchParams(place.access.token).get('sp')?.includes('r') ?? true;
}

export function nameOf(place: BlobPlace): string {
  return `${place.container}/${place.name}`;
}

function mapValues<A, B>(
  record: Readonly<Record<string, A>>,
  make: (value: A, name: string) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, make(value, name)]));
}
