/** What ends a job on a VM for a reason that its owner can read: the blobs, their SAS, the model, the storage. */

/** Detail codes of the BES contract (section 6) that running a job can end with. */
export type JobFaultCode =
  | 'InputParseError'
  | 'InputMismatchError'
  | 'BlobNotFound'
  | 'InvalidBlob'
  | 'OutOfMemoryLimit'
  | 'ModuleExecutionError';

/** Passes through the scoring engine as what `source` or `write` threw. `message` is a whole sentence without secrets. */
export class JobFault extends Error {
  readonly code: JobFaultCode;
  constructor(code: JobFaultCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'JobFault';
    this.code = code;
  }
}
