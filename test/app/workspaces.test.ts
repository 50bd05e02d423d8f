/** Classic workspaces and their services: whose they are, who reaches them, who pays. */
import { describe, expect, it } from 'vitest';
import { deleteAccount, putAccount } from '../../shared/app/accounts.ts';
import { collect } from '../../shared/app/all-rows.ts';
import { authorizeClassicService, authorizeService, authorizeWorkspace } from '../../shared/app/authorize.ts';
import { cancelByOwner } from '../../shared/app/cancel.ts';
import {
  deleteClassicService,
  publicClassicService,
  putClassicService,
} from '../../shared/app/classic-services.ts';
import { createPool } from '../../shared/app/create-pool.ts';
import { deletePlan, putPlan } from '../../shared/app/plans.ts';
import { registerJob } from '../../shared/app/register.ts';
import { listServices, publicService } from '../../shared/app/services.ts';
import { startJob } from '../../shared/app/start.ts';
import { deleteWorkspace, getWorkspace, putWorkspace } from '../../shared/app/workspaces.ts';
import { classicPoolId, classicTag } from '../../shared/core/ids.ts';
import { limits } from '../../shared/core/limits.ts';
import type { Service } from '../../shared/core/service.ts';
import { contentOf, makeClassic, makeWorkspace, planArmId, planOf, workspaceId } from './classic-world.ts';
import {
  bootAll,
  endpoint,
  job,
  jobBody,
  makePool,
  makeWorld,
  ok,
  refusedWith,
  subscriptionId,
  ticked,
  workOff,
  type World,
} from './world.ts';

const otherId = 'cd'.repeat(16);

async function startedOn(world: World, service: Service, poolId?: string): Promise<string> {
  world.blobs.put({ endpoint, container: 'inputs', name: 'data.csv' }, 'age\n39\n');
  const { jobId } = ok(await registerJob(world.app, service, jobBody(world, poolId)));
  ok(await startJob(world.app, service, jobId));
  return jobId;
}

function keyOf(world: World, service: Service): string {
  return world.app.secrets.key({ kind: 'service', id: service.serviceId }, 'primary', 1);
}

describe('a workspace', () => {
  it('is made with a plan by its id or its ARM id, changed and read', async () => {
    const world = await makeWorld();
    const [s1, s2] = [await planOf(world, 's1'), await planOf(world, 's2')];
    const put = (commitmentPlanId: string) =>
      putWorkspace(world.app, workspaceId, { subscriptionId, commitmentPlanId });
    expect(ok(await put(planArmId('S1')))).toMatchObject({ outcome: 'created', planId: s1.planId });
    expect(ok(await put(s2.planId))).toMatchObject({ outcome: 'updated', planId: s2.planId });
    expect(ok(await getWorkspace(world.app, workspaceId))).toMatchObject({
      subscriptionId,
      planId: s2.planId,
    });
  });

  it('needs an account and a plan of that account that are there', async () => {
    const world = await makeWorld();
    const put = (subscription: string, commitmentPlanId: string) =>
      putWorkspace(world.app, workspaceId, { subscriptionId: subscription, commitmentPlanId });
    const { planId } = await planOf(world, 's1');
    const { account } = await putAccount(world.app, otherId, { maxPools: 1, maxVmsPerPool: 1 });
    ok(await putPlan(world.app, account, { group: 'rg', name: 'theirs' }, 'S1'));
    expect(refusedWith(await put('ef'.repeat(16), planId))).toBe('AccountNotFound');
    expect(refusedWith(await put('nonsense', planId))).toBe('AccountNotFound');
    expect(refusedWith(await put(subscriptionId, planArmId('theirs')))).toBe('CommitmentPlanNotFound');
    expect(refusedWith(await put(otherId, planId))).toBe('CommitmentPlanNotFound');
    expect(refusedWith(await put(subscriptionId, planArmId('%E0%A4%A')))).toBe('CommitmentPlanNotFound');
    expect(refusedWith(await getWorkspace(world.app, workspaceId))).toBe('WorkspaceNotFound');
  });

  it('keeps its plan from being deleted, and is kept by its services', async () => {
    const world = await makeWorld();
    const workspace = await makeWorkspace(world, 's2');
    await makeClassic(world, workspace);
    const deletion = () => deletePlan(world.app, world.account, { group: 'rg', name: 's2' });
    expect(refusedWith(await deletion())).toBe('PlanInUse');
    expect(refusedWith(await deleteWorkspace(world.app, workspaceId))).toBe('WorkspaceHasServices');
    ok(await deleteClassicService(world.app, workspace, 'OLD'));
    ok(await deleteWorkspace(world.app, workspaceId));
    expect(refusedWith(await deleteWorkspace(world.app, workspaceId))).toBe('WorkspaceNotFound');
    ok(await deletion());
    expect(refusedWith(await deletion())).toBe('CommitmentPlanNotFound');
    const put = { subscriptionId, commitmentPlanId: workspace.planId };
    expect(refusedWith(await putWorkspace(world.app, workspaceId, put))).toBe('CommitmentPlanNotFound');
  });

  it('goes over to another account only while it is empty, and then keeps no plan of the old one', async () => {
    const world = await makeWorld();
    const workspace = await makeWorkspace(world, 's2');
    await makeClassic(world, workspace);
    const { account } = await putAccount(world.app, otherId, { maxPools: 1, maxVmsPerPool: 1 });
    const { plan } = ok(await putPlan(world.app, account, { group: 'rg', name: 'theirs' }, 'S1'));
    const wish = { subscriptionId: otherId, commitmentPlanId: plan.planId };
    expect(refusedWith(await putWorkspace(world.app, workspaceId, wish))).toBe('WorkspaceHasServices');
    ok(await deleteClassicService(world.app, workspace, 'old'));
    expect(ok(await putWorkspace(world.app, workspaceId, wish))).toMatchObject({ subscriptionId: otherId });
    const late = await putClassicService(world.app, workspace, { name: 'late', ...contentOf(world) });
    expect(refusedWith(late)).toBe('WorkspaceNotFound');
    ok(await deletePlan(world.app, world.account, { group: 'rg', name: 's2' }));
    expect(refusedWith(await deletePlan(world.app, account, { group: 'rg', name: 'theirs' }))).toBe(
      'PlanInUse',
    );
  });

  it('is never left without its plan, nor a service without its workspace, by two calls at once', async () => {
    // One begins a little later than the other each turn, so that they meet at every place.
    const later = async (turns: number) => {
      for (let n = 0; n < turns; n += 1) await Promise.resolve();
    };
    for (let turn = -60; turn < 60; turn += 3) {
      const world = await makeWorld();
      const { app, account, clock } = world;
      const workspace = await makeWorkspace(world, 's1');
      const { planId } = await planOf(world, 's2');
      const wish = { subscriptionId, commitmentPlanId: planId };
      const both = await clock.runUntil(
        Promise.all([
          later(-turn).then(() => putWorkspace(app, workspaceId, wish)),
          later(turn).then(() => deletePlan(app, account, { group: 'rg', name: 's2' })),
        ]),
      );
      expect(both.filter((outcome) => outcome.kind !== 'refused')).toHaveLength(1);
      const content = { name: 'new', ...contentOf(world) };
      const pair = await clock.runUntil(
        Promise.all([
          later(-turn).then(() => putClassicService(app, workspace, content)),
          later(2 * turn).then(() => deleteWorkspace(app, workspaceId)),
        ]),
      );
      expect(pair.filter((outcome) => outcome.kind !== 'refused')).toHaveLength(1);
    }
  });
});

describe('a classic service', () => {
  it('is reached by the URLs of its workspace only, and a new one never by them', async () => {
    const world = await makeWorld();
    const { app, service } = world;
    const workspace = await makeWorkspace(world, 's1');
    const second = await makeWorkspace(world, 's1', 'c2'.repeat(16));
    const classic = await makeClassic(world, workspace);
    const key = keyOf(world, classic);
    const own = await authorizeClassicService(app, workspaceId, classic.serviceId, key);
    expect(own).toMatchObject({ kind: 'service', service: { serviceId: classic.serviceId } });
    const strangers = [
      await authorizeService(app, subscriptionId, classic.serviceId, key),
      await authorizeClassicService(app, workspaceId, service.serviceId, keyOf(world, service)),
      await authorizeClassicService(app, second.workspaceId, classic.serviceId, key),
      await authorizeClassicService(app, 'ee'.repeat(16), classic.serviceId, key),
      await authorizeClassicService(app, workspaceId, classic.serviceId, keyOf(world, service)),
      await authorizeWorkspace(app, workspaceId, key),
    ];
    for (const stranger of strangers) expect(stranger).toEqual(strangers[0]);
    expect(refusedWith(strangers[0] ?? own)).toBe('ScoreRequestUnauthorized');
    expect(refusedWith(await publicService(app, subscriptionId, classic.serviceId))).toBe(
      'WebServiceNotFound',
    );
    expect(refusedWith(await publicClassicService(app, workspaceId, service.serviceId))).toBe(
      'WebServiceIdNotFoundInWorkspace',
    );
    expect(ok(await publicClassicService(app, workspaceId, classic.serviceId)).service.name).toBe('old');
    const listed = (await listServices(app, world.account, { top: 100 })).services.map(
      (one) => one.service.name,
    );
    expect(listed).toEqual(['adult']);
    const swaggerUrl = `http://x/subscriptions/${subscriptionId}/services/${classic.serviceId}/swagger.json`;
    const pool = await createPool(app, world.account, { vmCount: 1, swaggerUrl });
    expect(refusedWith(pool)).toBe('ClassicServiceNotAllowed');
  });

  it('is shut within seconds when its workspace is opened by another account', async () => {
    const world = await makeWorld();
    await makeWorkspace(world, 's1');
    const { account } = await putAccount(world.app, otherId, { maxPools: 1, maxVmsPerPool: 1 });
    const { plan } = ok(await putPlan(world.app, account, { group: 'rg', name: 'theirs' }, 'S1'));
    const key = (id: string) => world.app.secrets.key({ kind: 'account', id }, 'primary', 1);
    const opens = async (id: string) => (await authorizeWorkspace(world.app, workspaceId, key(id))).kind;
    expect([await opens(subscriptionId), await opens(otherId)]).toEqual(['workspace', 'refused']);
    ok(
      await putWorkspace(world.app, workspaceId, { subscriptionId: otherId, commitmentPlanId: plan.planId }),
    );
    await world.clock.advance(limits.keyCacheMs);
    expect([await opens(subscriptionId), await opens(otherId)]).toEqual(['refused', 'workspace']);
    expect(refusedWith(await deleteAccount(world.app, otherId))).toBe('AccountHasServices');
  });

  it("is paid by its workspace's plan of the moment its job starts, and by nobody on a pool", async () => {
    const world = await makeWorld({ config: { classicVms: 1 } });
    const workspace = await makeWorkspace(world, 's2');
    const classic = await makeClassic(world, workspace);
    const first = await startedOn(world, classic);
    const { planId: third } = await planOf(world, 's3');
    ok(await putWorkspace(world.app, workspaceId, { subscriptionId, commitmentPlanId: third }));
    const second = await startedOn(world, classic);
    expect((await job(world, first))?.payer).toBe(workspace.planId);
    expect((await job(world, second))?.payer).toBe(third);
    // Still running: the plan of the first job stays.
    const deletion = () => deletePlan(world.app, world.account, { group: 'rg', name: 's2' });
    expect(refusedWith(await deletion())).toBe('PlanInUse');
    const pool = await makePool(world, 1);
    const onPool = await startedOn(world, classic, pool.poolId);
    expect((await job(world, onPool))?.payer).toBeUndefined();
    for (const vmId of await bootAll(world, pool.poolId))
      expect(await workOff(world, vmId)).toEqual([onPool]);
    for (const vmId of await bootAll(world, classicPoolId)) await workOff(world, vmId);
    // Ended, and its use not yet on the ledger.
    expect((await job(world, first))?.kind).toBe('finished');
    expect(refusedWith(await deletion())).toBe('PlanInUse');
    await ticked(world);
    await ticked(world);
    const lines = async (planId: string) =>
      (await collect(world.app, { of: 'ledger', planId })).map(({ row }) =>
        row.kind === 'classic' ? row.jobId : '',
      );
    expect([await lines(workspace.planId), await lines(third)]).toEqual([[first], [second]]);
    ok(await deletion());
  });

  it('posts the use of a job even to a plan that was deleted under it', async () => {
    const world = await makeWorld({ config: { classicVms: 0 } });
    const workspace = await makeWorkspace(world, 's2');
    const classic = await makeClassic(world, workspace);
    const jobId = await startedOn(world, classic);
    const plan = await world.app.store.get('plan', { subscriptionId, planId: workspace.planId });
    if (plan === undefined) throw new Error('the plan is missing');
    // As after a start that read its payer before the deletion and committed after it.
    const row = { ...plan.row, goneMs: world.clock.now() };
    await world.app.store.commit([{ do: 'replace', kind: 'plan', row, etag: plan.etag }]);
    ok(await cancelByOwner(world.app, classic, jobId));
    await ticked(world);
    await ticked(world);
    expect(await collect(world.app, { of: 'uses', tag: classicTag })).toEqual([]);
    expect(await collect(world.app, { of: 'ledger', planId: workspace.planId })).toHaveLength(1);
  });
});
