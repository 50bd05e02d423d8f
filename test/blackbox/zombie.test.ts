/**
 * A machine that freezes in the middle of its VMs' commits and comes back after others have done their jobs
 * (design.md, section 8; trust.md, faults 20 and 22): a host and its VMs are stopped, and the other host takes over.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { censusCsv } from '../../shared/samples/adult-census/census-csv.ts';
import type { Azurite } from '../fixtures/azurite.ts';
import { startBlobProxy, type Action, type BlobProxy } from '../vm/blob-proxy.ts';
import {
  blobText,
  ended,
  jobBody,
  makePool,
  makeTenant,
  poolOf,
  putBlob,
  startInstance,
  startJob,
  startSecondHost,
  statusOf,
  until,
  type Instance,
  type SecondHost,
  type Tenant,
} from './instance.ts';
import { isHolder, startedVms } from './log-lines.ts';

let storage: BlobProxy;
/** In front of the service, for the VMs that freeze. */
let service: BlobProxy;
let instance: Instance;
let owner: SecondHost;
let tenant: Tenant;
/** Processes that are stopped, and would never end by themselves. */
let frozen: readonly number[] = [];

/** Everybody's blobs lie behind the proxy. */
const through = ({ connectionString, blobUrl }: Azurite) =>
  connectionString.replace(blobUrl, storage.through(blobUrl));
const envOf = (azurite: Azurite) => ({
  AzureWebJobsStorage: through(azurite),
  MILLPOND_STORAGE: through(azurite),
  MILLPOND_CLASSIC_VMS: '1',
  TICK_SCHEDULE: '*/2 * * * * *',
  // A host that ends waits for its VMs' held calls.
  MILLPOND_VM_HOLD_S: '1',
});

beforeAll(async () => {
  storage = await startBlobProxy();
  service = await startBlobProxy();
  instance = await startInstance(envOf);
  owner = await startSecondHost(instance, {
    ...envOf(instance.azurite),
    // One address for both hosts, as behind a load balancer: its VMs can still be heard when it is not.
    MILLPOND_PUBLIC_URL: service.through(instance.url),
  });
  // The first host has the VMs until it ends; so does the second one then.
  await instance.restart(() =>
    until(async () => (isHolder(owner.log) ? true : undefined), 'the second host to run the VMs'),
  );
  tenant = await makeTenant(instance, '2c'.repeat(16));
});
afterAll(async () => {
  thaw(frozen);
  await owner?.stop();
  await instance?.stop();
  await storage?.close();
  await service?.close();
});

function freeze(pids: readonly number[]): void {
  frozen = pids;
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
}

function thaw(pids: readonly number[]): void {
  frozen = frozen.filter((pid) => !pids.includes(pid));
  for (const pid of pids) process.kill(pid, 'SIGCONT');
}

function endedVms(log: readonly string[]): string[] {
  return log.filter((line) => line.includes('"vm.ends"'));
}

/** A commit on its way: it has come as far as the proxy, and goes on when it is let. */
type Held = { state: 'awaited' | 'arrived'; readonly go: PromiseWithResolvers<void> };
const hold = (): Held => ({ state: 'awaited', go: Promise.withResolvers() });
const arrival = (held: Held | undefined, what: string) =>
  until(async () => (held?.state === 'arrived' ? true : undefined), what);

const rows = 10;
/** By output: the commits to hold, in their order. Later ones pass. */
const commits: Readonly<Record<'before' | 'amid' | 'after', readonly [Held, ...Held[]]>> = {
  /** The zombie's commit comes to the storage long after its successor's. */
  before: [hold()],
  /** It comes when the successor has staged its blocks, and discards them. */
  amid: [hold(), hold()],
  /** It is done, and the VM stops before it hears of it. */
  after: [hold()],
};

async function attemptIn(name: string): Promise<string | undefined> {
  const blob = instance.data.getBlobClient(name);
  if (!(await blob.exists())) return undefined;
  return (await blob.getProperties()).metadata?.['millpondattempt'];
}

it('a VM that freezes around its commit: one whole output, one end, billed to its last beat', async () => {
  let input = '';
  for await (const chunk of censusCsv({ rows, seed: 1 })) input += chunk;
  await putBlob(instance, 'ten.csv', input);
  storage.rule(async ({ comp, blob, nth }): Promise<Action> => {
    const held = comp === 'blocklist' ? commits[blob.replace('.csv', '') as 'amid']?.[nth - 1] : undefined;
    if (held !== undefined) held.state = 'arrived';
    await held?.go.promise;
    return 'pass';
  });
  const madeMs = Date.now();
  const poolId = await makePool(instance, tenant, 2);
  const start = (name: string, pool?: string) => {
    const azurite = { ...instance.azurite, connectionString: through(instance.azurite) };
    return startJob(instance, tenant, jobBody({ ...instance, azurite }, pool, 'ten.csv', `${name}.csv`));
  };
  const jobs = {
    before: await start('before', poolId),
    amid: await start('amid', poolId),
    after: await start('after'),
  };
  for (const [name, [first]] of Object.entries(commits)) await arrival(first, `the commit of ${name}.csv`);

  // The whole machine freezes: the host and its VMs. What they have sent stays on its way.
  const zombies = [...startedVms(owner.log).values()];
  expect(zombies).toHaveLength(3);
  freeze([owner.pid(), ...zombies]);
  const frozenMs = Date.now();
  commits.after[0].go.resolve();
  await until(() => attemptIn('after.csv'), 'the commit whose reply is not heard');
  expect(await statusOf(instance, tenant, jobs.after)).toMatchObject({ StatusCode: 'Running', Attempt: 1 });

  // The lease of the frozen host runs out, and others do its jobs.
  const takenMs = await until(
    async () => (startedVms(instance.log).size > 0 ? Date.now() : undefined),
    'the first new VM',
  );
  const [amid, amidAgain] = commits.amid;
  await arrival(amidAgain, 'the commit of a successor');
  amid.go.resolve();
  await until(() => attemptIn('amid.csv'), "the zombie's commit");
  amidAgain?.go.resolve();
  const ends: Record<string, Awaited<ReturnType<typeof ended>>> = {};
  for (const [name, path] of Object.entries(jobs)) ends[name] = await ended(instance, tenant, path);
  const successors = startedVms(instance.log);
  for (const one of Object.values(ends)) {
    expect(one).toMatchObject({ StatusCode: 'Finished', Attempt: 2, RowsDone: rows });
    expect([...successors.keys()]).toContain(one.VmId);
  }

  // The zombies come back, and their beats are slow: each says that it has finished, and is told to go.
  service.rule(async ({ blob }): Promise<Action> => {
    if (blob === 'beat')
      await until(async () => (endedVms(owner.log).length === 3 ? true : undefined), 'ends');
    return 'pass';
  });
  const finishesBefore = service.seen.filter(({ blob }) => blob === 'finish').length;
  commits.before[0].go.resolve();
  thaw(zombies);
  await until(async () => (endedVms(owner.log).length === 3 ? true : undefined), 'the end of the zombies');
  for (const line of endedVms(owner.log)) expect(line).toContain('this VM is no longer wanted');
  expect(service.seen.filter(({ blob }) => blob === 'finish').length - finishesBefore).toBe(3);
  thaw(frozen);

  // Nothing of it has changed what was there.
  expect([await attemptIn('before.csv'), await attemptIn('amid.csv'), await attemptIn('after.csv')]).toEqual([
    '2',
    '1',
    '1',
  ]);
  const results = await Promise.all(Object.keys(jobs).map((name) => blobText(instance, `${name}.csv`)));
  expect(new Set(results).size).toBe(1);
  expect(results[0]?.split('\n')).toHaveLength(rows + 2);
  for (const [name, path] of Object.entries(jobs))
    expect(await statusOf(instance, tenant, path)).toEqual(ends[name]);
  await expectBill(poolId, { madeMs, frozenMs, takenMs });
}, 240_000);

type Times = { readonly madeMs: number; readonly frozenMs: number; readonly takenMs: number };

/**
 * The two VMs of the pool up to the freeze, the two new ones from the takeover on; one transaction for the classic job.
 */
async function expectBill(poolId: string, { madeMs, frozenMs, takenMs }: Times): Promise<void> {
  expect((await instance.call('DELETE', `${tenant.pools}/${poolId}`, tenant.accountKey)).status).toBe(202);
  await until(
    async () => ((await poolOf(instance, tenant, poolId)).state === 'deleted' ? true : undefined),
    'the deletion',
  );
  const deletedMs = Date.now();
  const usage = (await instance.call('GET', `${tenant.pools}/${poolId}/usage`, tenant.accountKey)).json as {
    computeMs: number;
    posted: { computeMs: number };
  };
  expect(usage.posted.computeMs).toBe(usage.computeMs);
  // The storage's clock is told in whole seconds.
  const clockMs = 1_000;
  const livedMs = 2 * (frozenMs - madeMs + clockMs) + 2 * (deletedMs - takenMs + clockMs);
  expect(usage.computeMs).toBeGreaterThan(0);
  expect(usage.computeMs).toBeLessThan(livedMs);
  // Otherwise the frozen time would not show.
  expect(takenMs - frozenMs).toBeGreaterThan(5 * clockMs);
  const classic = await until(async () => {
    const bill = (
      await instance.call('GET', `${tenant.planPath}/bill?api-version=2016-05-01-preview`, tenant.accountKey)
    ).json as { periods: { classic: { transactions: number; computeMs: number } }[] };
    const [period] = bill.periods;
    return (period?.classic.transactions ?? 0) > 0 ? period?.classic : undefined;
  }, 'the classic job on the ledger');
  expect(classic).toMatchObject({ transactions: 1 });
  expect(classic.computeMs).toBeLessThan(takenMs - frozenMs);
}
