/** What the Batch Execution Service answers (bes-contract.md, sections 2 and 3; api.md, "Service"). */
import { z } from 'zod';
import { count, id, shape, time } from './reply-schemas.ts';

export const registeredReply = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .meta({ id: 'JobId', description: 'The id of the registered job: a JSON string and nothing else.' });

const blobRefReply = shape(
  'PlacedBlob',
  'A blob: its URL is BaseLocation, RelativeLocation and SasBlobToken, joined.',
  {
    ConnectionString: z.null(),
    BaseLocation: z.string().describe('Ends in a slash.'),
    RelativeLocation: z.string().describe('Percent-encoded, without a leading slash.'),
    SasBlobToken: z.string().describe('Begins with a question mark; empty once it has expired.'),
  },
);

export type BlobRefReply = z.output<typeof blobRefReply>;

const countByName = z.record(z.string(), count);

// Without a name in the document: what may be null there is not referred to.
const errorsReply = z.strictObject({
  ...blobRefReply.shape,
  Count: count,
  ByReason: countByName.describe("By the file's column `reason`."),
});

const unseenReply = z.strictObject({
  Count: count,
  ByColumn: countByName.describe('The columns with most of them.'),
});

export const statusReply = shape('JobStatus', 'The status of a job.', {
  StatusCode: z
    .enum(['NotStarted', 'Running', 'Failed', 'Cancelled', 'Finished'])
    .describe('NotStarted: registered, or queued for a VM.'),
  Results: z
    .record(z.string(), blobRefReply)
    .describe('By output name; null until the job has finished.')
    .nullable(),
  Details: z.string().nullable().describe('Why the job failed.'),
  CreatedAt: time,
  StartTime: time.nullable().describe('Running since.'),
  EndTime: time.nullable(),
  Attempt: count.describe('How often a VM was given the job.'),
  PoolId: id.nullable().describe('Null in classic processing.'),
  VmId: id.nullable(),
  RowsDone: count,
  RowsTotal: count.nullable().describe('Estimated while the job runs.'),
  RowsPerSecond: count.nullable().describe('While the job runs.'),
  ExpectedEndTime: time.nullable().describe('While the job runs.'),
  Errors: errorsReply.nullable().describe('The file of the rows that could not be scored.'),
  UnseenCategories: unseenReply
    .nullable()
    .describe("Rows with a text that the model's encoder does not know."),
  Reason: z
    .string()
    .nullable()
    .describe('Why the job waits, failed or was cancelled; of one that has finished, what is to be known.'),
});
export type StatusReply = z.output<typeof statusReply>;

export const uploadReply = shape('Upload', 'A place to PUT a file to.', {
  UploadUrl: z.string().describe('PUT the file here with the header `x-ms-blob-type: BlockBlob`.'),
  Input: blobRefReply.describe('Names the file in a job or as a model.'),
});
export type UploadReply = z.output<typeof uploadReply>;
