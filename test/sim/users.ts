/**
 * Two customers at their work: they create, resize and delete pools, submit, repeat, cancel and poll, at random and at
 * full hours.
 */
import { putAccount } from '../../shared/app/accounts.ts';
import { recallService } from '../../shared/app/authorize.ts';
import { cancelByOwner } from '../../shared/app/cancel.ts';
import { createPool } from '../../shared/app/create-pool.ts';
import { moveAssociation } from '../../shared/app/move-plan.ts';
import { deletePlan, patchPlan, putPlan } from '../../shared/app/plans.ts';
import { deletePool, getPool, poolUsage, resizePool } from '../../shared/app/pools.ts';
import type { App } from '../../shared/app/ports.ts';
import { registerJob } from '../../shared/app/register.ts';
import { deleteService, putService } from '../../shared/app/services.ts';
import { startJob } from '../../shared/app/start.ts';
import { jobStatus } from '../../shared/app/status.ts';
import { classicPoolId } from '../../shared/core/ids.ts';
import { limits } from '../../shared/core/limits.ts';
import type { SeededRandom } from '../../shared/storage/seeded-random.ts';
import { endpoint, makeCustomers, planNames, quota, type Customer } from './customers.ts';
import type { Facts, JobFacts } from './facts.ts';
import type { Network, Unheard } from './network.ts';
import type { Due, Scheduler } from './scheduler.ts';
import { storageKey, type SimBlobs } from './sim-blobs.ts';
import type { Violations } from './violations.ts';

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const connection = `DefaultEndpointsProtocol=https;AccountName=caller;AccountKey=${storageKey};EndpointSuffix=core.windows.net`;

export type UsersParts = {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly random: SeededRandom;
  readonly blobs: SimBlobs;
  readonly facts: Facts;
  readonly violations: Violations;
  readonly jobsADay: number;
  readonly note: (what: string, outcome: string) => void;
};

export class Users {
  readonly customers: Customer[] = [];
  private readonly parts: UsersParts;
  private readonly keys = new Map<string, string>();
  readonly isReached = true;
  private state: 'busy' | 'done' = 'busy';
  private names = 0;

  constructor(parts: UsersParts) {
    this.parts = parts;
  }

  /** Before anything else. */
  async settle(app: App): Promise<void> {
    this.customers.push(...(await makeCustomers(app, this.parts.blobs)));
  }

  begin(): void {
    const next = () => {
      if (this.state === 'done') return;
      this.act();
      this.parts.scheduler.after(this.pauseMs(), next);
    };
    this.parts.scheduler.after(this.pauseMs(), next);
    this.atFullHours();
  }

  stop(): void {
    this.state = 'done';
  }

  /** Everybody deletes everything. */
  async leaveAll(poolsOf: (subscriptionId: string) => readonly string[]): Promise<void> {
    for (const customer of this.customers) {
      for (const poolId of poolsOf(customer.account.subscriptionId))
        await this.remove(customer, poolId, 'cancel');
    }
  }

  /** Mean pause so that the day has its jobs; nights are quieter; some wait for the full hour. */
  private pauseMs(): number {
    const { random, scheduler, jobsADay } = this.parts;
    const ofDay = scheduler.nowMs % dayMs;
    const isWork = ofDay > 8.5 * hourMs && ofDay < 19 * hourMs;
    const actsADay = jobsADay / 3.2;
    const meanMs = isWork ? (10.5 * hourMs) / (actsADay * 0.9) : (13.5 * hourMs) / (actsADay * 0.1);
    return Math.round(-Math.log(1 - random.fraction()) * meanMs);
  }

  /** Timers of people are set to full hours. */
  private atFullHours(): void {
    const { random, scheduler } = this.parts;
    const next = () => {
      const hour = Math.ceil((scheduler.nowMs + 5_000) / hourMs) * hourMs;
      scheduler.at(hour + random.below(4_000) - 2_000, () => {
        if (this.state === 'done') return;
        this.act();
        next();
      });
    };
    next();
  }

  private act(): void {
    const { random } = this.parts;
    const customer = random.pick(this.customers);
    const pool = this.somePool(customer);
    const dice = random.below(100);
    if (dice < 5 || (pool === undefined && dice < 10)) return void this.create(customer);
    if (dice < 65) return void this.submit(customer, dice < 45 ? pool : undefined);
    if (dice < 74) return void this.cancel();
    if (dice < 86) return void this.poll(customer, pool);
    if (dice < 88) return void random.pick([this.remakeService, this.changeTier]).call(this, customer);
    if (pool === undefined) return void this.submit(customer, undefined);
    if (dice < 93) return void this.resize(customer, pool);
    if (dice < 95)
      return void random.pick([this.move, this.renewPlan, this.changeQuota]).call(this, customer);
    return void this.remove(customer, pool, random.pick(['cancel', 'refuse'] as const));
  }

  private somePool({ pools }: Customer): string | undefined {
    const known = [...pools].filter(([, state]) => state === 'known').map(([poolId]) => poolId);
    return known.length === 0 ? undefined : this.parts.random.pick(known);
  }

  private async create(customer: Customer, serviceId = customer.services[0]): Promise<void> {
    const { random } = this.parts;
    const swaggerUrl = `http://x/subscriptions/${customer.account.subscriptionId}/services/${serviceId}/swagger.json`;
    const vmCount = random.pick([1, 1, 2, 2, 3, quota.maxVmsPerPool]);
    const key = random.below(2) === 0 ? `pool-${(this.names += 1)}` : undefined;
    const twice = random.below(5) === 0 && key !== undefined;
    const once = () =>
      this.ask('create-pool', (app) => createPool(app, customer.account, { vmCount, swaggerUrl }, key));
    const made = await Promise.all(twice ? [once(), once()] : [once()]);
    const ids = new Set<string>();
    for (const one of made) {
      if (one.kind !== 'pool') continue;
      ids.add(one.pool.poolId);
      if (!customer.pools.has(one.pool.poolId)) this.goHomeLater(customer, one.pool.poolId);
      customer.pools.set(one.pool.poolId, 'known');
    }
    if (ids.size > 1) this.parts.violations.add('idempotency', 'one key made two pools', [...ids]);
  }

  private async resize(customer: Customer, poolId: string): Promise<void> {
    const { random } = this.parts;
    const once = async () => {
      const vmCount = random.below(quota.maxVmsPerPool + 1);
      const busyVms = random.pick(['drain', 'requeue'] as const);
      await this.ask('resize', (app) => resizePool(app, customer.account, poolId, { vmCount, busyVms }));
    };
    // People change their minds while the first answer is still to come.
    const again = async () => {
      await this.pause(1 + random.below(1_000));
      await once();
    };
    await Promise.all(random.below(2) === 0 ? [once()] : [once(), again(), again()]);
    this.goHomeLater(customer, poolId);
  }

  /** While its jobs run: their VMs are taken away and asked for again. */
  private async changeMind(customer: Customer, poolId: string): Promise<void> {
    const { random } = this.parts;
    for (const vmCount of [0, 1 + random.below(quota.maxVmsPerPool)]) {
      await this.pause(random.below(random.pick([3_000, 30_000])));
      await this.ask('resize', (app) =>
        resizePool(app, customer.account, poolId, { vmCount, busyVms: 'requeue' }),
      );
    }
    this.goHomeLater(customer, poolId);
  }

  /** Nobody pays for VMs that nobody uses. */
  private goHomeLater(customer: Customer, poolId: string): void {
    const { random, scheduler } = this.parts;
    scheduler.after(2 * minuteMs + random.below(20 * minuteMs), () => {
      if (this.state === 'done') return;
      if (random.below(5) < 2) void this.remove(customer, poolId, random.pick(['cancel', 'refuse'] as const));
      else void this.ask('resize', (app) => resizePool(app, customer.account, poolId, { vmCount: 0 }));
    });
  }

  private async remove(customer: Customer, poolId: string, jobs: 'cancel' | 'refuse'): Promise<void> {
    const { random } = this.parts;
    if (this.state === 'busy' && random.below(2) === 0) {
      // Somebody else submits to it at the same time.
      void this.submit(customer, poolId);
      await this.pause(random.below(random.pick([20, 200, 2_000])));
    }
    const reply = await this.ask('delete-pool', (app) => deletePool(app, customer.account, poolId, jobs));
    if (reply.kind === 'pool') customer.pools.set(poolId, 'deleted');
  }

  private async move(customer: Customer, to = this.parts.random.pick(customer.plans)): Promise<void> {
    const from = { group: 'rg', name: this.parts.random.pick(planNames) };
    await this.ask('move', (app) => moveAssociation(app, customer.account, from, customer.services[0]!, to));
  }

  /** A plan that may still have to pay is deleted, and made anew under its name. */
  private async renewPlan(customer: Customer): Promise<void> {
    const thing = { group: 'rg', name: 'spare' };
    if (this.parts.random.below(2) === 0) await this.move(customer, customer.plans[2]);
    await this.ask('delete-plan', (app) => deletePlan(app, customer.account, thing));
    await this.pause(this.parts.random.below(10 * minuteMs));
    const made = await this.ask('put-plan', (app) => putPlan(app, customer.account, thing, 'S1'));
    if (made.kind === 'plan') customer.plans[planNames.indexOf('spare')] = made.plan.planId;
  }

  /** A web service beside the one that jobs use, made by several at once, and deleted while a pool is to bill to it. */
  private async remakeService(customer: Customer): Promise<void> {
    const { random } = this.parts;
    const { account, content, plans } = customer;
    const thing = { group: 'rg', name: 'side' };
    const put = () =>
      this.ask('put-service', (app) =>
        putService(app, account, { ...thing, ...content, commitmentPlan: plans[0]! }),
      );
    const remove = () => this.ask('delete-service', (app) => deleteService(app, account, thing));
    const made = (await Promise.all(random.below(2) === 0 ? [put()] : [put(), put()])).find(
      (reply) => reply.kind === 'service',
    );
    if (made?.kind !== 'service') return;
    const others = [() => this.create(customer, made.service.serviceId), put].slice(random.below(3));
    const removed = (async () => {
      await this.pause(random.below(random.pick([20, 200, 2_000])));
      return remove();
    })();
    await Promise.all([...others.map((run) => run()), removed]);
  }

  /** To one whose periods are longer, and back. */
  private async changeTier(customer: Customer): Promise<void> {
    const { random } = this.parts;
    const thing = { group: 'rg', name: random.pick(['other', 'spare']) };
    const tier = random.pick(['S1', 'Long']);
    await this.ask('patch-plan', (app) => patchPlan(app, customer.account, thing, { tier }));
  }

  /** The operator: what runs above a lowered quota goes on, and nothing is added. */
  private async changeQuota(customer: Customer): Promise<void> {
    const { random } = this.parts;
    const to = {
      maxPools: random.below(quota.maxPools + 1),
      maxVmsPerPool: 1 + random.below(quota.maxVmsPerPool),
    };
    await this.putQuota(customer, to);
    await this.pause(random.below(hourMs));
    await this.putQuota(customer, quota);
  }

  private async putQuota({ account }: Customer, to: typeof quota): Promise<void> {
    for (let reply = 'unheard'; reply === 'unheard';) {
      const put = await this.ask('put-quota', (app) => putAccount(app, account.subscriptionId, to));
      reply = put.kind;
    }
  }

  private async submit(customer: Customer, poolId: string | undefined): Promise<void> {
    const { random } = this.parts;
    const count = random.below(3) === 0 ? 3 + random.below(14) : 1 + random.below(5);
    const all: Promise<void>[] = [];
    if (poolId !== undefined && random.below(4) === 0) void this.changeMind(customer, poolId);
    for (let n = 0; n < count; n += 1) {
      all.push(this.submitOne(customer, poolId));
      if (random.below(2) === 0) await this.pause(random.below(2_000));
    }
    await Promise.all(all);
  }

  private async submitOne(customer: Customer, poolId: string | undefined): Promise<void> {
    const { random, blobs, facts } = this.parts;
    const name = `${(this.names += 1)}.csv`;
    // Some share a place for their results, on purpose or by mistake.
    const out = random.below(15) === 0 ? 'shared.csv' : name;
    if (random.below(40) > 0) blobs.put(`${endpoint}/inputs/${name}`, `input ${name}`);
    const body = {
      Input: { ConnectionString: connection, RelativeLocation: `inputs/${name}` },
      Outputs: { output1: { ConnectionString: connection, RelativeLocation: `outputs/${out}` } },
      ...(poolId === undefined ? {} : { AzureBatchPoolId: poolId }),
    };
    const serviceId =
      random.below(5) < (poolId === undefined ? 3 : 1) ? customer.classic : customer.services[0]!;
    const key = random.below(3) === 0 ? `job-${name}` : undefined;
    const registered = await this.ask('register', async (app) => {
      const service = (await recallService(app, customer.account.subscriptionId, serviceId))!;
      return registerJob(app, service, body, key);
    });
    if (registered.kind !== 'registered') return;
    const { jobId } = registered;
    if (key !== undefined) this.sameJob(key, jobId);
    const job: JobFacts = {
      jobId,
      serviceId,
      poolId: poolId ?? classicPoolId,
      input: `${endpoint}/inputs/${name}`,
      output: `${endpoint}/outputs/${out}`,
      start: 'not-asked',
      cancelled: false,
    };
    facts.jobs.set(jobId, job);
    if (random.below(60) === 0) return;
    if (random.below(10) === 0) await this.pause(random.below(10 * minuteMs));
    const times = random.below(12) === 0 ? 2 : 1;
    await Promise.all(Array.from({ length: times }, () => this.start(customer, job)));
    // An input that is replaced while it waits or is read.
    if (random.below(40) === 0) blobs.put(job.input, 'another input');
  }

  private sameJob(key: string, jobId: string): void {
    const known = this.keys.get(key);
    if (known !== undefined && known !== jobId) {
      this.parts.violations.add('idempotency', `one key made two jobs: ${known} and ${jobId}`, [
        known,
        jobId,
      ]);
    }
    this.keys.set(key, jobId);
  }

  private async start({ account }: Customer, job: JobFacts): Promise<void> {
    if (job.start === 'not-asked') job.start = 'asked';
    const reply = await this.ask('start', async (app) => {
      const service = (await recallService(app, account.subscriptionId, job.serviceId))!;
      return startJob(app, service, job.jobId);
    });
    if (reply.kind === 'done') job.start = 'done';
    else if (reply.kind === 'refused' && job.start !== 'done') job.start = 'refused';
  }

  private async cancel(): Promise<void> {
    const { facts, random } = this.parts;
    // Rather one that is still under way.
    const jobs = [...facts.jobs.values()].slice(-random.pick([3, 30]));
    if (jobs.length === 0) return;
    const job = random.pick(jobs);
    const subscriptionId = this.ownerOf(job);
    const reply = await this.ask('cancel', async (app) => {
      const service = (await recallService(app, subscriptionId, job.serviceId))!;
      return cancelByOwner(app, service, job.jobId);
    });
    if (reply.kind === 'done') job.cancelled = true;
  }

  private async poll(customer: Customer, poolId: string | undefined): Promise<void> {
    const { facts } = this.parts;
    for (const job of [...facts.jobs.values()].slice(-5)) {
      const subscriptionId = this.ownerOf(job);
      const reply = await this.ask('status', async (app) => {
        const service = (await recallService(app, subscriptionId, job.serviceId))!;
        return jobStatus(app, service, job.jobId);
      });
      if (reply.kind === 'refused') {
        this.parts.violations.add('job-known', `the job ${job.jobId} is not found any more`, [job.jobId]);
      }
    }
    if (poolId === undefined) return;
    await this.ask('get-pool', (app) => getPool(app, customer.account, poolId));
    await this.ask('pool-usage', (app) => poolUsage(app, customer.account, poolId, {}));
  }

  private ownerOf(job: JobFacts): string {
    return this.customers.find(
      ({ services, classic }) => classic === job.serviceId || services.includes(job.serviceId),
    )!.account.subscriptionId;
  }

  /** Tries again when nobody answers, a few times. */
  private async ask<T extends { readonly kind: string }>(
    what: string,
    run: (app: App) => Promise<T>,
  ): Promise<T | Unheard> {
    const { random, network } = this.parts;
    for (let tries = 1; ; tries += 1) {
      const reply = await network.call(this, `user ${what}`, run, {
        deadlineMs: limits.requestMsMax + 20_000,
      });
      this.parts.note(what, reply.kind);
      if (reply.kind !== 'unheard' || tries === 4 || random.below(6) === 0) return reply;
      await this.pause(500 + random.below(20_000));
    }
  }

  after(ms: number, run: () => void): Due {
    return this.parts.scheduler.after(ms, run);
  }

  private pause(ms: number): Promise<void> {
    return this.parts.scheduler.sleep(ms);
  }
}
