/** What every client of the Batch Execution Service does with a job, and what the tests then look at. */

/** Where a client is pointed to: a service of either family. */
export type Service = {
  /** `http://127.0.0.1:7071/subscriptions/{id}/services/{id}` */
  readonly url: string;
  readonly key: string;
};

export type Journey = {
  /** The reply to the registration, byte for byte. */
  readonly registered: string;
  /** Every StatusCode that was seen, in order. */
  readonly statuses: readonly string[];
  /** The content of the result `output1`. */
  readonly result: string;
  /** HTTP status of the deletion. */
  readonly deleted: number;
  /** StatusCode after the deletion. */
  readonly afterwards: string;
};

/** Registers, starts, polls to the end, reads the result and deletes the job, in the manner of its family. */
export type Client = (service: Service, body: object) => Promise<Journey>;

export type Status = {
  readonly StatusCode: string;
  readonly Results: Readonly<
    Record<string, { BaseLocation: string; RelativeLocation: string; SasBlobToken: string }>
  > | null;
  readonly Details: string | null;
};

export const finals = ['Failed', 'Cancelled', 'Finished'];

/** @throws what a client shows its user when a call is refused */
export function must<R extends { readonly status: number; readonly text: string }>(
  reply: R,
  statuses: readonly number[],
): R {
  if (!statuses.includes(reply.status)) throw new Error(`${reply.status} ${reply.text}`);
  return reply;
}
