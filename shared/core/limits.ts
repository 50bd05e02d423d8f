/** Every limit and period in one place, with how they must relate (checked when this file loads). */

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const kib = 1024;
const mib = 1024 * kib;

export const limits = {
  /** A busy VM beats this often. */
  beatBusyMs: 2 * secondMs,
  /** An idle VM beats this often; its `next` calls are signs of life too but write nothing. */
  beatIdleMs: 15 * secondMs,
  /** A beat that nobody has heard is repeated after this long, if the next one is not due before. */
  beatAgainMs: 2 * secondMs,
  /** A VM without a beat for this long is looked at twice, then lost. */
  leaseMs: 50 * secondMs,
  /** At least this long between the first look that finds a lease lapsed and the one that believes it. */
  suspectMs: 16 * secondMs,
  /** Waiting VMs of a pool are looked for this often, for what other instances have committed. */
  watchMs: secondMs,
  /** `releasing` and `stopping` VMs get this long to leave by themselves. */
  leaveMs: 30 * secondMs,
  /** A process that has not said hello by then counts as failed (local compute). */
  provisionLocalMs: 30 * secondMs,
  /** The same on Azure Batch, where a node must boot. */
  provisionBatchMs: 20 * minuteMs,
  /** Replacing VMs that fail one after the other: first pause, and the longest. */
  replaceBackoffMs: secondMs,
  replaceBackoffMsMax: minuteMs,
  /** So many VMs lost under one job, and it fails. */
  lossesMax: 3,
  /** A job that nobody starts is cancelled. */
  registeredMsMax: 7 * dayMs,
  /** Final jobs, deleted pools and the lifetimes of stopped VMs stay readable. */
  jobRetentionMs: 30 * dayMs,
  /** The read-only SAS of a result. */
  resultSasMs: 24 * hourMs,
  /** SAS handles that a VM gets for one attempt outlive its longest run by this. */
  assignmentSpareMs: hourMs,
  /** An upload URL. */
  uploadSasMs: 24 * hourMs,
  /** A request is answered by then, and begins no write afterwards (the host's limit is 230 s). */
  requestMsMax: 100 * secondMs,
  /** One call to a storage. */
  storageCallMs: 10 * secondMs,
  /** Tries of one storage call, the first included. */
  storageTriesMax: 5,
  /** First pause between two tries; doubled each time, with jitter. */
  storageBackoffMs: 50,
  /** One look at a caller's blob. */
  callerBlobMs: 10 * secondMs,
  /** The tick gives one pool at most this long. */
  tickPoolMs: 20 * secondMs,
  /** Rows a transaction may hold (Table storage), and what we put in besides the row that guards it. */
  transactionRowsMax: 100,
  vmsPerAddMax: 98,
  dispatchJobsMax: 33,
  /** VMs that end their jobs in one transaction: at most seven rows each. */
  finishesTogetherMax: 14,
  /** Classic: four rows a job. */
  dispatchClassicJobsMax: 24,
  /** Rows that a process has written itself are taken for current for so long, where a conditional write makes sure. */
  recallMs: 10 * secondMs,
  /** Rows may be so old in checks that are made again later, and in the progress that a status shows. */
  glanceMs: secondMs,
  /** A container that was found is not looked for again. */
  containerRecallMs: 10 * secondMs,
  /** Rows of VMs and queue that dispatch reads at once. */
  headPageRows: 100,
  /** Classic lanes that one pass of dispatch looks at. */
  lanesPerPassMax: 64,
  postLinesMax: 98,
  /** Rows, or blobs, that one run of a sweep looks at. */
  sweepRows: 200,
  /** A pool without anything left to sweep is looked at again after this long. */
  sweepRestMs: hourMs,
  /** A deleted pool is looked at so often until its last row has gone; our own blobs too. */
  sweepSeldomMs: 6 * hourMs,
  /**
   * Between two looks that find a model or a definition unused: longer than any request or memory that still holds the
   * row of a service that named it, or has written it and not yet named it.
   */
  unusedMs: 10 * minuteMs,
  /** Counts that would scan stop here. */
  countMax: 1_000,
  pageMax: 1_000,
  /** Rows of one page that are read by themselves at the same time. */
  sideBySideMax: 100,
  /** Pages of jobs that one reply of a list looks through for those of one status. */
  jobPagesMax: 10,
  jobBodyBytesMax: 256 * kib,
  managementBodyBytesMax: mib,
  /** A body that has not arrived by then is 408. */
  bodyMsMax: 60 * secondMs,
  /** Registrations of one web service that this process has in hand at a time; one more is 503 `RequestThrottled`. */
  registersPerKeyMax: 100,
  /** The same, of all web services: each may hold `jobBodyBytesMax`. */
  registersMax: 400,
  /** Status polls of one web service that are answered at once, a second; quicker ones are spread out, never refused. */
  pollsPerSecond: 100,
  /** So many at a time pass before they are spread out. */
  pollsBurst: 200,
  /** The longest that a poll waits for it. */
  pollDelayMsMax: 250,
  modelBytesMax: 256 * mib,
  /** Models that one process fetches and checks at a time; more wait for their turn. */
  modelsAtOnceMax: 2,
  /** Wall clock of a check, and with one thread its CPU time. */
  modelCheckMs: 30 * secondMs,
  /** Resident memory of the process that checks. */
  modelCheckMemoryMb: 1_024,
  maxPoolsMax: 1_000,
  maxVmsPerPoolMax: 1_000,
  nameLengthMax: 128,
  /** Inputs of one web service: a job scores the rows of one file. */
  inputsMax: 1,
  /** Names and defaults of a web service's inputs, outputs and parameters together, as its row keeps them (32,768 in all). */
  serviceCharsMax: 16_000,
  /** References and parameters of a job together, in UTF-8: sealed, they are a third larger, and a row holds 256 KiB. */
  specBytesMax: 190_000,
  /** Outputs of one web service: each holds blocks in its VM's memory while a job runs. */
  outputsMax: 8,
  /** Names and SAS tokens of a job's outputs together, as the row of a finished job keeps them (32,768 in all). */
  resultsCharsMax: 24_000,
  /** Keys are looked up at most this long after a rotation. */
  keyCacheMs: 5 * secondMs,
  /** Whether a plan is used up is looked at again after this long. */
  planHoldMs: 5 * secondMs,
  /** BES jobs of one classic endpoint that run at a time (bes-contract.md, section 5). */
  classicRunningMax: 40,
  /** A classic VM without work leaves after this long. */
  classicIdleMs: 60 * secondMs,
  billDaysMax: 400,
  /** A service moves to another plan with the first whole hour that begins at least this long after the wish. */
  moveNoticeMs: 15 * minuteMs,
  /** Plans that a web service may have had; each is an interval in its row. */
  planIntervalsMax: 100,
  /** Tags of one resource. */
  tagsMax: 15,
  /** Usage history: days that one reply holds, the newest ones. */
  usageDaysMax: 1_000,
  idempotencyMs: dayMs,
} as const;

/** What must hold between them; a broken one stops the program at its start. */
const relations: readonly (readonly [string, boolean])[] = [
  ['leaseMs > 3 * beatIdleMs', limits.leaseMs > 3 * limits.beatIdleMs],
  ['suspectMs > beatIdleMs', limits.suspectMs > limits.beatIdleMs],
  ['4 * beatAgainMs < suspectMs', 4 * limits.beatAgainMs < limits.suspectMs],
  ['beatBusyMs <= beatIdleMs', limits.beatBusyMs <= limits.beatIdleMs],
  ['3 * dispatchJobsMax < transactionRowsMax', 3 * limits.dispatchJobsMax < limits.transactionRowsMax],
  [
    '7 * finishesTogetherMax < transactionRowsMax',
    7 * limits.finishesTogetherMax < limits.transactionRowsMax,
  ],
  [
    '4 * dispatchClassicJobsMax < transactionRowsMax',
    4 * limits.dispatchClassicJobsMax < limits.transactionRowsMax,
  ],
  ['vmsPerAddMax + 1 < transactionRowsMax', limits.vmsPerAddMax + 1 < limits.transactionRowsMax],
  ['postLinesMax + 1 < transactionRowsMax', limits.postLinesMax + 1 < limits.transactionRowsMax],
  ['4 / 3 * specBytesMax + 100 < 256 KiB', (4 / 3) * limits.specBytesMax + 100 < 256 * kib],
  ['bodyMsMax < requestMsMax', limits.bodyMsMax < limits.requestMsMax],
  ['registersPerKeyMax < registersMax', limits.registersPerKeyMax < limits.registersMax],
  ['requestMsMax < 230 s', limits.requestMsMax < 230 * secondMs],
  ['unusedMs > 3 * requestMsMax + keyCacheMs', limits.unusedMs > 3 * limits.requestMsMax + limits.keyCacheMs],
  // What is removed is named by nothing any more that a caller may still use.
  ['jobRetentionMs > resultSasMs', limits.jobRetentionMs > limits.resultSasMs],
  ['jobRetentionMs > 2 * idempotencyMs', limits.jobRetentionMs > 2 * limits.idempotencyMs],
];
for (const [text, holds] of relations) {
  if (!holds) throw new Error(`limits.ts: this must hold: ${text}`);
}
