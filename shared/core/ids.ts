/** Ids (design: 32 lower-case hex digits everywhere) and what they say: where a thing lives and when it was made. Pure. */

/** 32 hex digits; a subscription id without its dashes. */
export type SubscriptionId = string;
/** 32 hex digits, random. */
export type PlanId = string;
/** 32 hex digits, random. */
export type ServiceId = string;
/** 32 hex digits: tag (12) + random (20). */
export type PoolId = string;
/** 32 hex digits: tag of its pool (12) + random (20). */
export type VmId = string;
/** 32 hex digits: tag of its pool (12) + registration time counted down (11) + random (9). */
export type JobId = string;
/** 12 hex digits: the partition of a pool, its VMs and its jobs. */
export type Tag = string;

/** The classic queue is a pool of the operator's with this tag; it is made at first use. */
export const classicTag: Tag = '000000000000';
export const classicPoolId: PoolId = '0'.repeat(32);

const tagDigits = 12;
const timeDigits = 11;
/** Registration times count down from here (year 2527), so that a plain range lists the newest job first. */
const lastMs = 0xfff_ffff_ffff;

const idPattern = /^[0-9a-f]{32}$/;

export function isId(text: string): boolean {
  return idPattern.test(text);
}

/** A subscription id comes with or without dashes, in any case; undefined when it is not 32 hex digits then. */
export function parseSubscriptionId(text: string): SubscriptionId | undefined {
  const plain = text.replaceAll('-', '').toLowerCase();
  return isId(plain) ? plain : undefined;
}

/** The partition that a pool's, a VM's or a job's id names. */
export function tagOf(id: PoolId | VmId | JobId): Tag {
  return id.slice(0, tagDigits);
}

/** @param randomHex20 20 random hex digits */
export function makePoolId(tag: Tag, randomHex20: string): PoolId {
  return checked(tag + randomHex20);
}

/** @param randomHex20 20 random hex digits */
export function makeVmId(tag: Tag, randomHex20: string): VmId {
  return checked(tag + randomHex20);
}

/** @param randomHex9 9 random hex digits */
export function makeJobId(tag: Tag, registeredMs: number, randomHex9: string): JobId {
  const countdown = (lastMs - registeredMs).toString(16).padStart(timeDigits, '0');
  return checked(tag + countdown + randomHex9);
}

/** When a job was registered, in ms since 1970, read from its id. */
export function registeredMsOf(jobId: JobId): number {
  return lastMs - Number.parseInt(jobId.slice(tagDigits, tagDigits + timeDigits), 16);
}

function checked(id: string): string {
  if (!isId(id)) throw new Error(`not an id: ${id.slice(0, 64)}`);
  return id;
}
