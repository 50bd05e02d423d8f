/** Names of blobs of our own that do not live for ever: they begin with a day, so that the oldest are listed first. Pure. */
import { registeredMsOf, type JobId } from './ids.ts';

const dayMs = 86_400_000;
const dayDigits = 6;

/** @param owner a subscription's or a service's id @param randomHex32 makes the place one that nobody guesses */
export function uploadName(nowMs: number, owner: string, randomHex32: string, fileName: string): string {
  return `${dayOf(nowMs)}/${owner}/${randomHex32}/${fileName}`;
}

/** Where a job's result goes that has no other place: under the day of its registration. */
export function resultName(jobId: JobId, output: string): string {
  return `${dayOf(registeredMsOf(jobId))}/${jobId}/${output}.csv`;
}

/** The job that a result's name names; undefined for any other name. */
export function jobOfResult(name: string): JobId | undefined {
  return /^\d{6}\/([0-9a-f]{32})\//.exec(name)?.[1];
}

/** Whether the whole of the name's day lies so long ago; a name without a day is never old. */
export function isOlderThan(name: string, ms: number, nowMs: number): boolean {
  const day = /^(\d{6})\//.exec(name)?.[1];
  return day !== undefined && (Number(day) + 1) * dayMs + ms <= nowMs;
}

/** Days since 1970, of one width until the year 4707. */
function dayOf(ms: number): string {
  return String(Math.floor(ms / dayMs)).padStart(dayDigits, '0');
}
