/** What a VM and the service say to each other (POST /vm/{vmId}/...). Every call may be repeated after a lost reply. */
import type { JobId } from './ids.ts';
import type { RowErrorCounts, RowErrorPolicy, UnseenCounts } from './row-errors.ts';

/** `nonce`: 32 random hex digits, chosen at the process's start; a second process under one id is refused. */
export type Call = { readonly nonce: string };
export type JobCall = Call & { readonly jobId: JobId; readonly attempt: number };

export type HelloReply = { readonly kind: 'welcome' } | Stop;

/** Answer to `next` and `finish`. */
export type NextReply =
  | { readonly kind: 'work'; readonly assignment: Assignment }
  /** Nothing yet: ask again, after `pauseMs`. */
  | { readonly kind: 'wait'; readonly pauseMs: number }
  | Stop;

export type BeatCall = Call & {
  readonly job?: { readonly jobId: JobId; readonly attempt: number } & Done;
};
/** How far a job is; `bytesDone` of its input. */
export type Done = { readonly rowsDone: number; readonly bytesDone?: number };

export type BeatReply =
  | { readonly kind: 'go-on' }
  /** The job is no longer yours: let go of it and ask for the next. */
  | { readonly kind: 'drop' }
  | Stop;

export type FinishCall = JobCall & {
  readonly outcome: Outcome;
  /** `leave`: this VM takes no further job. Default `stay`. */
  readonly after?: 'stay' | 'leave';
};
export type Outcome =
  | ({ readonly kind: 'finished' } & Tally)
  /** `code`: a detail code of the BES contract. `rowErrors`: the error file is committed all the same. */
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly message: string;
      readonly rowErrors?: RowErrorCounts;
    };

/** What was scored. `rowErrors` only where there are some: then the error file is committed. */
export type Tally = {
  /** Of the input, those at fault included. */
  readonly rows: number;
  readonly rowErrors?: RowErrorCounts;
  readonly unseen?: UnseenCounts;
};

/** Say bye and end the process. */
export type Stop = { readonly kind: 'stop'; readonly why: string };

/** SAS handles for one attempt: nothing else of the service or of its callers can be reached with them. */
export type Assignment = {
  readonly jobId: JobId;
  readonly attempt: number;
  /** The session is kept by this hash from job to job. */
  readonly model: { readonly url: string; readonly sha256: string; readonly bytes: number };
  readonly inputs: Readonly<Record<string, InputHandle>>;
  readonly outputs: Readonly<Record<string, OutputHandle>>;
  /** Where the error file goes if there is to be one. */
  readonly errors: OutputHandle;
  readonly rowErrors: RowErrorPolicy;
  /** Parameters of the web service: default or given value. */
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  readonly beatMs: number;
  /** What one job may take; beyond it the job fails and the VM leaves, since what holds on to it cannot be trusted to let go. */
  readonly limits: { readonly runMs: number; readonly memoryMb: number };
};

export type InputHandle = {
  readonly url: string;
  /** The version that the job was started with; the VM reads with If-Match. */
  readonly etag: string;
  readonly bytes: number;
  /** For messages: container/path/name.csv. */
  readonly name: string;
  /** `row-errors`: the blob is an error file, and the rows in it are the input. */
  readonly reads: 'table' | 'row-errors';
};

export type OutputHandle = {
  readonly url: string;
  readonly name: string;
  /** A SAS without the right to read cannot be looked at before it is written: it is committed unconditionally. */
  readonly readable: boolean;
};
