/**
 * Deliberate bugs: each a few exact replacements in the shipped sources, made while they are loaded and nowhere else.
 */

import type { Proof } from '../../is-written.ts';

export type Edit = { readonly file: string; readonly find: string; readonly put: string };
export type Mutant = {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** Of what a run of some dozen seeds may miss: the named test that goes red without fail. */
  readonly pinnedBy?: Proof;
};

const one = (name: string, file: string, find: string, put: string): Mutant => ({
  name,
  edits: [{ file, find, put }],
});

export const mutants: readonly Mutant[] = [
  {
    name: 'no attempt fence',
    edits: [
      {
        file: 'app/finish.ts',
        find: 'if (!holds(vm, call)) return lookForWork(app, vmId, call.nonce, 0);',
        put: '',
      },
      {
        file: 'app/finish.ts',
        find: "job?.row.kind !== 'running' || job.row.attempt !== call.attempt ||",
        put: "job?.row.kind !== 'running' ||",
      },
    ],
  },
  one(
    'token not deleted',
    'app/dispatch.ts',
    "      { do: 'remove', kind: 'wait', key: wait },\n      { do: 'replace', kind: 'vm'",
    "      { do: 'replace', kind: 'vm'",
  ),
  one(
    'lease from the last idle beat',
    'core/vm.ts',
    'isWorking(vm) ? Math.max(vm.beatMs, vm.job.assignedMs) : vm.beatMs',
    'vm.beatMs',
  ),
  one(
    'one look instead of two',
    'core/vm.ts',
    "if (vm.suspectMs === undefined) return 'suspect';",
    "if (vm.suspectMs === undefined) return 'lost';",
  ),
  {
    name: 'machines stopped for being absent from a list',
    edits: [
      {
        file: 'app/reconcile.ts',
        find: "const row = rows.get(vmId) ?? (await app.store.get('vm', { vmId }))?.row;",
        put: 'const row = rows.get(vmId);',
      },
      {
        file: 'app/reconcile.ts',
        find: 'const observed = await app.compute.observe();\n    const seen: Seen = { ...observed, hostId: app.compute.hostId };',
        put: '',
      },
      {
        file: 'app/reconcile.ts',
        find: "const vms = await collect(app, { of: 'vms', tag });",
        put: "const vms = await collect(app, { of: 'vms', tag });\n    const seen: Seen = { ...(await app.compute.observe()), hostId: app.compute.hostId };",
      },
    ],
  },
  one(
    'VM updated without its etag',
    'app/vm-calls.ts',
    "return (await app.store.commit([{ do: 'replace', kind: 'vm', row, etag: stored.etag }])).kind;",
    "return (await app.store.commit([{ do: 'replace', kind: 'vm', row, etag: (await app.store.get('vm', { vmId: stored.row.vmId }))?.etag ?? stored.etag }])).kind;",
  ),
  one(
    'VM row deleted while busy',
    'app/reconcile.ts',
    "await replace(app, stored, tellToStop(step.vm, 'its pool needs it no more', nowMs)),",
    "(await app.store.commit([{ do: 'remove', kind: 'vm', key: step.vm }])).kind,",
  ),
  one(
    'ledger line counted at every replay',
    'app/post-lines.ts',
    'const usage = missing.map(usageOf)',
    'const usage = lines.map(usageOf)',
  ),
  one(
    'hour posted without evidence',
    'core/billing.ts',
    'hourOf(vm.beatMs), max)',
    'hourOf(vm.beatMs) + hourMs, max)',
  ),
  one('lost VM billed to now', 'core/vm.ts', 'atMs: vm.beatMs }', 'atMs: later(vm, nowMs) }'),
  one(
    'an old wish revived',
    'core/pool.ts',
    'return wish.stampMs < pool.wish.stampMs ? pool : { ...pool, wish };',
    'return { ...pool, wish };',
  ),
  one(
    'stamps that go backwards',
    'core/vm.ts',
    'let atMs = Math.max(nowMs, vm.createdMs, vm.sinceMs);\n',
    'let atMs = nowMs;\n  if (atMs > 0) return atMs;\n',
  ),
  one(
    'retry that does not re-read',
    'storage/table-store.ts',
    'return (await ownCommit(tools.table, batch, outcome.at, doubt)) ?? outcome;',
    'return outcome;',
  ),
  one(
    'lease compared in local time',
    'storage/storage-clock.ts',
    'const ms = Math.floor(clocks.monotonicMs() + offsetMs);',
    'const ms = Math.floor(clocks.wallMs());',
  ),
  {
    name: 'reservation released twice',
    edits: [
      {
        file: 'app/finish-deletion.ts',
        find: 'account === undefined || reservation === undefined',
        put: 'account === undefined',
      },
      {
        file: 'app/finish-deletion.ts',
        find: "{ do: 'remove', kind: 'reservation', key: { subscriptionId, poolId } },",
        put: "...(reservation === undefined ? [] : [{ do: 'remove', kind: 'reservation', key: { subscriptionId, poolId } } as const]),",
      },
    ],
  },
  {
    name: 'dispatch before the commit',
    edits: [
      {
        file: 'app/start.ts',
        find: '  const row = queue(job, pins.pins, app.clock.now(), payer?.planId);',
        put: '  await nudgeDispatch(app, job.poolId);\n  const row = queue(job, pins.pins, app.clock.now(), payer?.planId);',
      },
      { file: 'app/start.ts', find: '  await nudgeDispatch(app, poolId, started.job);\n', put: '' },
    ],
    // The watch makes up for it within a second.
    pinnedBy: {
      file: 'test/app/main-job.test.ts',
      title: 'runs at once when a VM is free, without a tick, and finishes with its result in three parts',
    },
  },
  one(
    'late wait rows not swept',
    'app/dispatch.ts',
    '      await cancelQueued(app, head.queue);\n      continue;',
    '      return;',
  ),
  {
    name: 'output committed unconditionally',
    edits: [
      { file: 'vm/output-blob.ts', find: "return { 'if-none-match': '*' };", put: 'return {};' },
      { file: 'vm/output-blob.ts', find: "return { 'if-match': noted.etag };", put: 'return {};' },
    ],
  },
  one(
    "another job's mark taken for ours",
    'vm/output-look.ts',
    'if (headers.get(mark.job) === jobId) {',
    'if (headers.get(mark.job) !== null) {',
  ),
  one(
    'VMs read beside the pool that guards them',
    'app/reconcile.ts',
    "const pool = await poolOfTag(app, tag);\n    if (pool === undefined) return;\n    // After the pool's row, whose version guards the adding of VMs: what has been added under it is seen then.\n    const vms = await collect(app, { of: 'vms', tag });",
    "const [pool, vms] = await Promise.all([poolOfTag(app, tag), collect(app, { of: 'vms', tag })]);\n    if (pool === undefined) return;",
  ),
  one(
    'lanes that begin with 0 passed over',
    'app/queue-head.ts',
    "const firstLane = '-';",
    "const firstLane = '0';",
  ),
  one(
    'secrets kept after the end',
    'app/end-job.ts',
    "    { do: 'remove', kind: 'spec', key: { jobId: job.jobId } },\n",
    '',
  ),
  one(
    'one more than the cap',
    'app/queue-head.ts',
    'freePlaces(taken, app.config.classicRunningMax)',
    'freePlaces(taken, app.config.classicRunningMax + 1)',
  ),
  one(
    'quota ignored while VMs drain',
    'core/reconcile.ts',
    'Math.min(-excess - back.length, vmsMax - living, limits.vmsPerAddMax)',
    'Math.min(-excess - back.length, limits.vmsPerAddMax)',
  ),
  one(
    'pool ended before its VMs are posted',
    'app/reconcile.ts',
    "pool.row.kind === 'deleting' && vms.length === 0",
    "pool.row.kind === 'deleting'",
  ),
  one(
    'a token kept in the clear',
    'app/finish.ts',
    'relativeLocation: `${place.container}/${relative}`',
    'relativeLocation: `${place.container}/${relative}${token}`',
  ),
  one(
    'a number that the codec loses',
    'storage/codec.ts',
    'const body = JSON.stringify(row);',
    "const body = JSON.stringify(row, (name, value: unknown) => (name === 'losses' ? 0 : value));",
  ),
  one(
    'requeued job loses its place',
    'app/end-job.ts',
    "    { do: 'create', kind: 'wait', row: { poolId, lane, startedMs, jobId, subscriptionId } },\n",
    '',
  ),
  one(
    'newest first',
    'core/dispatch.ts',
    'for (const wait of queue) {\n    if (pairs.length === max',
    'for (const wait of queue.toReversed()) {\n    if (pairs.length === max',
  ),
  one(
    'a pool for a service that has gone',
    'app/create-pool.ts',
    "    if (service.kind === 'refused') return service;\n    const { maxPools",
    '    const { maxPools',
  ),
  one(
    'a definition under the service that was there before',
    'app/put-service.ts',
    'if (made?.serviceId !== serviceId)\n      made = await define(app, { subscriptionId, serviceId }, content, model, storage);',
    'made ??= await define(app, { subscriptionId, serviceId: known?.row.serviceId ?? newId }, content, model, storage);\n    made = { ...made, serviceId };',
  ),
  one(
    'periods cut anew with each tier',
    'core/plan.ts',
    'return begun.at(-1)?.days === days ? begun : [...begun, { fromMs, days }];',
    'return [{ fromMs: begun[0]!.fromMs, days }];',
  ),
  one(
    'plan deleted while it pays',
    'app/plans.ts',
    'if (use !== undefined) return conflict(\'PlanInUse\', `The plan "${thing.name}" ${use}`);',
    '',
  ),
  {
    ...one(
      'a VM stopped that could not ask during a stall',
      'core/reconcile.ts',
      "const untilMs = vm.kind === 'releasing' && vm.after === 'idle' ? (vm.atItMs ?? vm.sinceMs) : nowMs;",
      'const untilMs = nowMs;',
    ),
    pinnedBy: {
      file: 'test/core/reconcile.test.ts',
      title:
        'ends one that was told to drop its job when its own beats say that it is still at it, not for a stall',
    },
  },
  {
    ...one(
      'a hold that outlives its pool',
      'app/dispatch.ts',
      'if (pool === undefined) return;',
      'if (pool === undefined || pool.row.hold !== undefined) return;',
    ),
    pinnedBy: {
      file: 'test/sim/scenarios/found.test.ts',
      title: 'is cancelled also when the pool was on hold',
    },
  },
  {
    ...one(
      'a place in the queue taken away without looking',
      'app/dispatch.ts',
      'job === undefined || isFinal(job.row)\n      ? []',
      'job !== null\n      ? []',
    ),
    pinnedBy: {
      file: 'test/sim/scenarios/found.test.ts',
      title: 'does not take the place in the queue away of a job that has been given back meanwhile',
    },
  },
];
