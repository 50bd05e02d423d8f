/** Commitment plans, as Resource Manager clients call them (bes-contract.md, section 8), and their bills. */
import { planBill } from '../shared/app/bill.ts';
import { deletePlan, getPlan, listPlans, putPlan } from '../shared/app/plans.ts';
import { limits } from '../shared/core/limits.ts';
import { account } from '../shared/http/authorize.ts';
import { billJson } from '../shared/http/bill-json.ts';
import { param } from '../shared/http/call.ts';
import { openedBy } from '../shared/http/endpoint.ts';
import { planJson } from '../shared/http/plan-json.ts';
import { planBody } from '../shared/http/plan-schemas.ts';
import { armVersion, listJson, spanOf } from '../shared/http/query.ts';
import { json } from '../shared/http/reply.ts';
import { armCheck, thingOf } from '../shared/http/resource.ts';

const { endpoint, doing, reading } = openedBy(account);
const bytesMax = limits.managementBodyBytesMax;
const inSubscription = 'subscriptions/{subscriptionId}/providers/Microsoft.MachineLearning/commitmentPlans';
const inGroup =
  'subscriptions/{subscriptionId}/resourceGroups/{group}/providers/Microsoft.MachineLearning/commitmentPlans';

endpoint('plansOfSubscription', {
  route: inSubscription,
  on: {
    GET: doing(async ({ app, who, call }) => {
      const { plans } = await listPlans(app, who);
      return json(
        200,
        listJson(
          plans.map((plan) => planJson(plan, app.config.tiers)),
          call,
        ),
      );
    }, armVersion),
  },
});

endpoint('plansOfGroup', {
  route: inGroup,
  on: {
    GET: doing(async ({ app, who, call }) => {
      const { plans } = await listPlans(app, who, param(call, 'group'));
      return json(
        200,
        listJson(
          plans.map((plan) => planJson(plan, app.config.tiers)),
          call,
        ),
      );
    }, armVersion),
  },
});

endpoint('plan', {
  route: `${inGroup}/{name}`,
  on: {
    PUT: reading(
      { schema: planBody, bytesMax },
      async ({ app, who, call }, { sku }) => {
        const put = await putPlan(app, who, thingOf(call), sku.name);
        if (put.kind === 'refused') return put;
        return json(put.outcome === 'created' ? 201 : 200, planJson(put.plan, app.config.tiers));
      },
      armCheck,
    ),
    GET: doing(async ({ app, who, call }) => {
      const found = await getPlan(app, who, thingOf(call));
      return found.kind === 'refused' ? found : json(200, planJson(found.plan, app.config.tiers));
    }, armCheck),
    // Exactly 200: the management SDK throws on 202 and 204.
    DELETE: doing(async ({ app, who, call }) => {
      const deleted = await deletePlan(app, who, thingOf(call));
      return deleted.kind === 'refused' ? deleted : json(200, {});
    }, armCheck),
  },
});

endpoint('planBill', {
  route: `${inGroup}/{name}/bill`,
  on: {
    GET: doing(async ({ app, who, call }) => {
      const span = spanOf(call);
      if (span.kind === 'refused') return span;
      const bill = await planBill(app, who, thingOf(call), span);
      return bill.kind === 'refused' ? bill : json(200, billJson(bill));
    }, armCheck),
  },
});
