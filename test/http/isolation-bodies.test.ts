/** Ids of somebody else's in a body, where the key and the path are one's own, read like ids that do not exist. */
import { beforeEach, describe, expect, test } from 'vitest';
import { endpoint } from '../app/world.ts';
import { makeApi, type Api } from './api.ts';
import type { Wish } from './calls.ts';
import { missing, seen, times } from './foreign-calls.ts';
import { armOf, makeTenant, nonce, planName, serviceBody, type Tenant } from './tenants.ts';

let api: Api;
let victim: Tenant;
let mallory: Tenant;

beforeEach(async () => {
  api = await makeApi();
  api.world.blobs.put({ endpoint, container: 'inputs', name: 'data.csv' }, 'age\n39\n');
  victim = await makeTenant(api, 'a1'.repeat(16), 'a2'.repeat(16));
  mallory = await makeTenant(api, 'b1'.repeat(16), 'b2'.repeat(16));
}, 60_000);

/** What mallory's own keys open has just been looked at: the rest of the reads is for what is named besides. */
async function ownCall(): Promise<void> {
  const { subscriptionId, workspaceId, newService, classicService, keys } = mallory;
  const job = `jobs/${missing.newService.jobIds[0]}?api-version=2.0`;
  for (const [path, key] of [
    [`/poolservice/${subscriptionId}/pools`, keys.account[0]],
    [`/subscriptions/${subscriptionId}/services/${newService.serviceId}/${job}`, keys.newService[0]],
    [`/workspaces/${workspaceId}/services/${classicService.serviceId}/${job}`, keys.classicService[0]],
  ] as const)
    await api.call({ path, key: key ?? '' });
}

type InBody = readonly [string, (other: Tenant) => Wish];
const inBodies: readonly InBody[] = [
  ...['subscriptionId', 'none'].map((own): InBody => [
    `a pool that bills to a service (${own})`,
    (other) => {
      const subscription = own === 'none' ? other.subscriptionId : mallory.subscriptionId;
      const service = `subscriptions/${subscription}/services/${other.newService.serviceId}`;
      return {
        method: 'POST',
        path: `/poolservice/${mallory.subscriptionId}/pools`,
        key: mallory.keys.account[0] ?? '',
        body: { vmCount: 1, swaggerUrl: `https://x.example/${service}/swagger.json` },
      };
    },
  ]),
  [
    'a pool that bills to a classic service',
    (other) => ({
      method: 'POST',
      path: `/poolservice/${mallory.subscriptionId}/pools`,
      key: mallory.keys.account[0] ?? '',
      body: {
        vmCount: 1,
        swaggerUrl: `https://x.example/workspaces/${other.workspaceId}/services/${other.classicService.serviceId}/swagger.json`,
      },
    }),
  ],
  [
    'a job on a pool',
    (other) => ({
      method: 'POST',
      path: `/subscriptions/${mallory.subscriptionId}/services/${mallory.newService.serviceId}/jobs?api-version=2.0`,
      key: mallory.keys.newService[0] ?? '',
      body: api.jobBody({ AzureBatchPoolId: other.poolId }),
    }),
  ],
  [
    'a classic job on a pool',
    (other) => ({
      method: 'POST',
      path: `/workspaces/${mallory.workspaceId}/services/${mallory.classicService.serviceId}/jobs?api-version=2.0`,
      key: mallory.keys.classicService[0] ?? '',
      body: api.jobBody({ AzureBatchPoolId: other.poolId }),
    }),
  ],
  ...(['its id', 'its address'] as const).flatMap((form): InBody[] => {
    const plan = (other: Tenant) =>
      form === 'its id' ? other.planId : `${armOf(other.subscriptionId)}/commitmentPlans/${planName}`;
    const key = () => mallory.keys.account[1] ?? '';
    return [
      [
        `a service that a plan pays for, by ${form}`,
        (other) => ({
          method: 'PUT',
          path: `${armOf(mallory.subscriptionId)}/webServices/another`,
          key: key(),
          body: serviceBody(api, { commitmentPlan: { id: plan(other) } }),
        }),
      ],
      [
        `a move to a plan, by ${form}`,
        (other) => ({
          method: 'POST',
          path: `${armOf(mallory.subscriptionId)}/commitmentPlans/${planName}/commitmentAssociations/${mallory.newService.serviceId}/move`,
          key: key(),
          body: { destinationPlanId: plan(other) },
        }),
      ],
    ];
  }),
  ...(['newService', 'classicService'] as const).flatMap((family): InBody[] =>
    (['beat', 'finish'] as const).map((call): InBody => [
      `a VM's ${call} for a job (${family})`,
      (other) => {
        const held = { jobId: other[family].jobIds[0], attempt: 1 };
        return {
          method: 'POST',
          path: `/vm/${mallory.vmIds[1]}/${call}`,
          key: mallory.keys.vm[1] ?? '',
          body:
            call === 'beat'
              ? { nonce, job: { ...held, rowsDone: 7 } }
              : { nonce, ...held, outcome: { kind: 'failed', code: 'X', message: 'Not mine.' } },
        };
      },
    ]),
  ),
];

describe("somebody else's ids in a body read like missing ones", () => {
  test.each(times.flatMap(([when, ms]) => inBodies.map(([what, ask]) => [what, when, ms, ask] as const)))(
    '%s, %s',
    async (_, __, ms, ask) => {
      await api.world.clock.advance(ms);
      await ownCall();
      const ofVictim = () =>
        JSON.stringify(
          [victim.newService, victim.classicService].flatMap(({ jobIds }) =>
            jobIds.map((jobId) =>
              api.world.table.all('millpondpools').filter(({ rk }) => rk.includes(jobId)),
            ),
          ),
        );
      const before = ofVictim();
      const foreign = await seen(api, ask(victim));
      if (foreign.status !== 200) expect(foreign.status).toBeGreaterThanOrEqual(400);
      expect(foreign).toEqual(await seen(api, ask(missing)));
      expect(ofVictim()).toBe(before);
    },
  );
});
