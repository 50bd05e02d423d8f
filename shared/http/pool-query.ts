/** What callers say in the queries of the pool service. */
import type { Job } from '../core/job.ts';
import type { Refused } from '../core/refusal.ts';
import type { Call } from './call.ts';
import { jobStatuses } from './pool-replies.ts';
import { badQuery, pageOf } from './query.ts';
import { shownSafely } from './redact.ts';

type JobFilter = { top: number; after?: string; status?: Job['kind'] };

/** `?status=&$top=&$skiptoken=`. */
export function jobFilterOf(call: Call): { readonly kind: 'filter'; readonly options: JobFilter } | Refused {
  const page = pageOf(call);
  if (page.kind === 'refused') return page;
  const { kind: _, ...options } = page;
  const text = call.query('status');
  if (text === undefined || text === '') return { kind: 'filter', options };
  const status = jobStatuses.find((one) => one === text.toLowerCase());
  if (status !== undefined) return { kind: 'filter', options: { ...options, status } };
  return badQuery(`status must be one of ${jobStatuses.join(', ')}; it was "${shownSafely(text, 40)}".`);
}

/** `?jobs=cancel`: unfinished jobs are cancelled instead of holding up the deletion. */
export function deletionOf(call: Call): 'refuse' | 'cancel' | Refused {
  const text = call.query('jobs');
  if (text === undefined || text === 'cancel') return text ?? 'refuse';
  return badQuery(`jobs must be "cancel" or left out; it was "${shownSafely(text, 40)}".`);
}
