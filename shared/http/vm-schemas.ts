/** Bodies of the VM protocol (core/vm-protocol.ts). */
import { z } from 'zod';
import { members, textOf, wholeNumber } from './members.ts';

const messageLengthMax = 4_000;

const nonce = z.string().regex(/^[0-9a-f]{32}$/, { error: 'must be 32 hex digits' });
const jobId = z.string().regex(/^[0-9a-f]{32}$/, { error: 'must be 32 hex digits' });
const attempt = wholeNumber(1, 1_000_000);
const rows = wholeNumber(0, Number.MAX_SAFE_INTEGER);

export const vmCall = members({ nonce });

export const beatCall = members({
  nonce,
  job: members({ jobId, attempt, rowsDone: rows, bytesDone: rows.exactOptional() }).exactOptional(),
});

/** Names of columns and reasons: a VM keeps them this short, cut anywhere (vm/tally.ts). */
const countByName = z.record(z.string().max(200), rows);
const rowErrors = z.strictObject({ count: rows, byReason: countByName });
const unseen = z.strictObject({ count: rows, byColumn: countByName });

const outcome = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('finished'),
    rows,
    rowErrors: rowErrors.exactOptional(),
    unseen: unseen.exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('failed'),
    code: textOf(1, 64),
    message: z.string().transform((text) => text.slice(0, messageLengthMax)),
    rowErrors: rowErrors.exactOptional(),
  }),
]);

export const finishCall = members({
  nonce,
  jobId,
  attempt,
  outcome,
  after: z.enum(['stay', 'leave']).exactOptional(),
});
