/** Rows of every kind as fast-check makes them, and a few plain ones for tests that only need a row. */
import * as fc from 'fast-check';
import type { Kind, Rows } from '../../shared/app/ports.ts';
import { makeJobId, makePoolId, makeVmId } from '../../shared/core/ids.ts';

export const hexId = (digits: number) =>
  fc
    .array(fc.integer({ min: 0, max: 15 }), { minLength: digits, maxLength: digits })
    .map((all) => all.map((digit) => digit.toString(16)).join(''));
const id = hexId(32);
const ms = fc.oneof(
  fc.integer({ min: 0, max: 4_102_444_800_000 }),
  fc.constantFrom(0, 9, 10, 999_999_999_999, 1_000_000_000_000),
);
const count = fc.nat(1_000_000);
/** Everything that strings may hold, half surrogates excepted: JSON would not bring those back through HTTP. */
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const armName = fc.stringMatching(/^[a-z0-9][a-z0-9._()-]{0,20}$/);
const keys = fc.record({ primary: count, secondary: count });

const vmCommon = { vmId: id, poolId: id, createdMs: ms, sinceMs: ms };
const alive = { ...vmCommon, nonce: id, readyMs: ms, beatMs: ms };
const assigned = fc.record({ jobId: id, attempt: count, assignedMs: ms });
const jobCommon = {
  jobId: id,
  subscriptionId: id,
  serviceId: id,
  poolId: id,
  lane: fc.oneof(fc.constant('0'), id),
  registeredMs: ms,
  attempt: count,
  losses: count,
};
const result = some({ baseLocation: text, relativeLocation: text }, { tokenSealed: text });
const day = fc.nat(999_999);

/** Members that may be absent. */
function some<T extends object, O extends object>(
  required: { [P in keyof T]: fc.Arbitrary<T[P]> },
  may: { [P in keyof O]: fc.Arbitrary<O[P]> },
) {
  return fc
    .tuple(fc.record(required), fc.record(may, { requiredKeys: [] }))
    .map(([a, b]) => ({ ...a, ...b }));
}

const kindOf = <K extends string>(kind: K) => fc.constant(kind);

export const rows = {
  account: fc.record({
    subscriptionId: id,
    maxPools: count,
    maxVmsPerPool: count,
    pools: count,
    keys,
    createdMs: ms,
  }),
  reservation: fc.record({
    subscriptionId: id,
    poolId: id,
    kind: fc.constantFrom('making', 'live'),
    createdMs: ms,
  }),
  plan: fc.record({
    planId: id,
    subscriptionId: id,
    group: text,
    name: text,
    tier: text,
    createdMs: ms,
    cycles: fc.array(fc.record({ fromMs: ms, days: count }), { minLength: 1, maxLength: 3 }),
  }),
  service: fc.record({
    serviceId: id,
    subscriptionId: id,
    group: text,
    name: text,
    state: fc.oneof(
      fc.record({ kind: kindOf('succeeded'), model: fc.record({ sha256: text, bytes: count }) }),
      fc.record({ kind: kindOf('failed'), reason: text }),
    ),
    inputs: fc.array(text, { maxLength: 3 }),
    outputs: fc.array(text, { maxLength: 3 }),
    parameters: fc.array(some({ name: text }, { default: fc.oneof(text, count, fc.boolean()) }), {
      maxLength: 3,
    }),
    definition: text,
    keys,
    plans: fc.array(fc.record({ planId: id, fromMs: ms }), { maxLength: 3 }),
    createdMs: ms,
    modifiedMs: ms,
  }),
  name: fc.record({
    subscriptionId: id,
    of: fc.constantFrom('webservice', 'plan', 'classic', 'workspace'),
    group: armName,
    name: armName,
    id,
  }),
  line: fc.oneof(
    fc.record({ planId: id, poolId: id, hourMs: ms, fromMs: ms, toMs: ms, kind: kindOf('vm'), vmId: id }),
    fc.record({
      planId: id,
      poolId: id,
      hourMs: ms,
      fromMs: ms,
      toMs: ms,
      kind: kindOf('classic'),
      jobId: id,
    }),
  ),
  period: fc.record({
    planId: id,
    startMs: ms,
    endMs: ms,
    rates: fc.record({
      includedComputeMs: ms,
      includedTransactions: count,
      microsPerHour: ms,
      microsPer1000Transactions: ms,
      suspendOnOverage: fc.boolean(),
    }),
    usage: fc.record({ poolMs: ms, classicMs: ms, transactions: count }),
  }),
  pool: fc
    .tuple(
      some(
        {
          poolId: id,
          subscriptionId: id,
          wish: fc.record({ vmCount: count, stampMs: ms, busyVms: fc.constantFrom('drain', 'requeue') }),
          backoff: some({ failures: count, retryAtMs: ms }, { last: text }),
          createdMs: ms,
        },
        { name: text, serviceId: id },
      ),
      fc.oneof(
        fc.record({ kind: kindOf('active') }),
        fc.record({ kind: kindOf('deleting'), sinceMs: ms }),
        fc.record({ kind: kindOf('deleted'), atMs: ms }),
      ),
    )
    .map(([common, state]) => ({ ...common, ...state })),
  vm: fc.oneof(
    some({ ...vmCommon, kind: kindOf('provisioning') }, { hostId: text, postedToMs: ms }),
    some({ ...alive, kind: kindOf('idle') }, { suspectMs: ms, owner: id }),
    fc.record({ ...alive, kind: kindOf('busy'), job: assigned, rowsDone: count }),
    fc.record({ ...alive, kind: kindOf('draining'), job: assigned, rowsDone: count }),
    some(
      { ...alive, kind: kindOf('releasing'), after: fc.constantFrom('idle', 'stop'), why: text },
      { atItMs: ms },
    ),
    fc.record({ ...alive, kind: kindOf('stopping'), why: text }),
    some(
      { ...vmCommon, kind: kindOf('stopped'), atMs: ms, cause: text, end: fc.constantFrom('left', 'failed') },
      { readyMs: ms },
    ),
  ),
  wait: fc.record({
    poolId: id,
    lane: fc.oneof(fc.constant('0'), id),
    startedMs: ms,
    jobId: id,
    subscriptionId: id,
  }),
  job: fc.oneof(
    fc.record({ ...jobCommon, kind: kindOf('registered') }),
    some({ ...jobCommon, kind: kindOf('queued'), startedMs: ms }, { reason: text }),
    fc.record({ ...jobCommon, kind: kindOf('running'), startedMs: ms, runningMs: ms, vmId: id }),
    some(
      {
        ...jobCommon,
        kind: kindOf('finished'),
        endMs: ms,
        rows: count,
        results: fc.dictionary(armName, result, { maxKeys: 3 }),
      },
      { startedMs: ms, runningMs: ms, vmId: id },
    ),
    fc.record({ ...jobCommon, kind: kindOf('failed'), endMs: ms, code: text, reason: text }),
    fc.record({ ...jobCommon, kind: kindOf('cancelled'), endMs: ms, reason: text }),
  ),
  spec: fc.record({ jobId: id, sealed: fc.uint8Array({ maxLength: 400 }) }),
  expiry: fc.record({ jobId: id, atMs: ms }),
  gone: some({ vmId: id, poolId: id, createdMs: ms, atMs: ms, cause: text }, { readyMs: ms }),
  live: some({ tag: hexId(12), poolId: id, subscriptionId: id, dueMs: ms }, { goneMs: ms }),
  slot: fc.record({ poolId: id, lane: id, place: fc.nat(999), jobId: id }),
  jobKey: fc.record({ poolId: id, jobId: id, day, keyHash: hexId(64), bodyHash: hexId(64), createdMs: ms }),
  poolKey: fc.record({
    subscriptionId: id,
    poolId: id,
    day,
    keyHash: hexId(64),
    bodyHash: hexId(64),
    createdMs: ms,
  }),
  workspace: fc.record({ workspaceId: id, subscriptionId: id, createdMs: ms }),
  use: fc.record({ poolId: id, jobId: id, planId: id, fromMs: ms, toMs: ms }),
} satisfies { [K in Kind]: fc.Arbitrary<unknown> } as unknown as { [K in Kind]: fc.Arbitrary<Rows[K]> };

/** Rows of a kind that is only known at run time. */
export function rowsOf(kind: Kind): fc.Arbitrary<Rows[Kind]> {
  return rows[kind] as fc.Arbitrary<Rows[Kind]>;
}

export const kinds = Object.keys(rows) as Kind[];

/** Short hex numbers as ids of the right length. */
const digits = (n: number, length: number) => n.toString(16).padStart(length, '0');

export const tagA = 'aaaaaaaaaaaa';
export const subscription = digits(0x51, 32);

export function poolOf(tag = tagA, vmCount = 0): Rows['pool'] {
  return {
    kind: 'active',
    poolId: makePoolId(tag, digits(1, 20)),
    subscriptionId: subscription,
    wish: { vmCount, stampMs: 1, busyVms: 'drain' },
    backoff: { failures: 0, retryAtMs: 0 },
    createdMs: 1,
    serviceId: digits(7, 32),
  };
}

export function vmOf(n: number, tag = tagA, sinceMs = 1): Rows['vm'] {
  return {
    kind: 'provisioning',
    vmId: makeVmId(tag, digits(n, 20)),
    poolId: poolOf(tag).poolId,
    createdMs: 1,
    sinceMs,
  };
}

export function jobOf(n: number, tag = tagA, registeredMs = 1_000): Rows['job'] {
  return {
    kind: 'registered',
    jobId: makeJobId(tag, registeredMs, digits(n, 9)),
    subscriptionId: subscription,
    serviceId: digits(7, 32),
    poolId: poolOf(tag).poolId,
    lane: '0',
    registeredMs,
    attempt: 0,
    losses: 0,
  };
}

export function waitOf(n: number, startedMs: number, tag = tagA, lane = '0'): Rows['wait'] {
  return {
    poolId: poolOf(tag).poolId,
    lane,
    startedMs,
    jobId: jobOf(n, tag).jobId,
    subscriptionId: subscription,
  };
}

export function accountOf(subscriptionId: string, pools = 0): Rows['account'] {
  return {
    subscriptionId,
    maxPools: 10,
    maxVmsPerPool: 10,
    pools,
    keys: { primary: 1, secondary: 1 },
    createdMs: 1,
  };
}
