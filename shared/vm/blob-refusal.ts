/** The storage's refusals in words that name the blob and the remedy. */
import { shown } from '../core/refusal.ts';
import type { BlobRefusal } from './blob-call.ts';
import { JobFault } from './job-fault.ts';

/** A blob as messages name it: container/path/name.csv. */
export function named(name: string): string {
  return shown(name, 300);
}

export function inputRefused(name: string, refusal: BlobRefusal): JobFault {
  const input = `Input ${named(name)}`;
  switch (refusal.status) {
    case 412:
      return new JobFault(
        'InvalidBlob',
        `${input} has changed since the job was started. A job reads one version only: start a new job for the new one.`,
      );
    case 404:
      return new JobFault('BlobNotFound', `${input} is gone: it was there when the job was started.`);
    case 403:
      return new JobFault(
        'InvalidBlob',
        `${input} may not be read (403 ${refusal.code}): ${sasTrouble(refusal, 'read')} Give a SAS with sp=r that outlives the job.`,
      );
    case 415:
      return new JobFault(
        'InvalidBlob',
        `${input} is stored with Content-Encoding ${shown(refusal.code)}. Only plain text is read: upload it uncompressed.`,
      );
    default:
      return new JobFault('InvalidBlob', `${input} cannot be read: ${answered(refusal)}.`);
  }
}

export function outputRefused(name: string, refusal: BlobRefusal): JobFault {
  const output = `Output ${named(name)}`;
  if (refusal.code.startsWith('Lease')) {
    return new JobFault(
      'InvalidBlob',
      `${output} is leased by someone else and cannot be written (${refusal.code}). End the lease, or choose another name.`,
    );
  }
  if (refusal.code === 'InvalidBlobType') return outputOfOtherType(name, 'an append or page blob');
  if (refusal.code === 'InvalidBlobOrBlock') {
    return new JobFault(
      'InvalidBlob',
      `${output} holds unfinished blocks of another program, with which ours cannot be mixed. Delete the blob, or choose another name.`,
    );
  }
  switch (refusal.status) {
    case 404:
      return new JobFault(
        'BlobNotFound',
        `${output} cannot be written: its container does not exist any more.`,
      );
    case 403:
      return new JobFault(
        'InvalidBlob',
        `${output} may not be written (403 ${refusal.code}): ${sasTrouble(refusal, 'write')} Give a SAS with sp=rcw that outlives the job.`,
      );
    default:
      return new JobFault('InvalidBlob', `${output} cannot be written: ${answered(refusal)}.`);
  }
}

/** @param type `an AppendBlob` */
export function outputOfOtherType(name: string, type: string): JobFault {
  return new JobFault(
    'InvalidBlob',
    `Output ${named(name)} exists as ${type}; results are block blobs. Delete it, or choose another name.`,
  );
}

export function notReached(what: string, name: string, why: string): JobFault {
  return new JobFault(
    'InvalidBlob',
    `${what} ${named(name)} could not be reached: ${why}. Start a new job when its storage answers.`,
  );
}

function sasTrouble({ sas }: BlobRefusal, right: 'read' | 'write'): string {
  switch (sas?.kind) {
    case 'expired':
      return `its SAS has expired, at ${sas.at}.`;
    case 'early':
      return `its SAS is good only from ${sas.at} on (st).`;
    case 'good':
    case undefined:
      return `its SAS lacks the right to ${right}, or holds no more.`;
  }
}

function answered(refusal: BlobRefusal): string {
  return `the storage answered ${refusal.status} ${refusal.code}`.trimEnd();
}
