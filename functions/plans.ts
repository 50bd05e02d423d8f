/** Commitment plans, as Resource Manager clients call them (bes-contract.md, section 8), and their bills. */
import { planBill } from '../shared/app/bill.ts';
import { getAssociation, listAssociations, moveAssociation } from '../shared/app/move-plan.ts';
import { deletePlan, getPlan, listPlans, patchPlan, putPlan } from '../shared/app/plans.ts';
import { usageHistory } from '../shared/app/usage-history.ts';
import { limits } from '../shared/core/limits.ts';
import { associationJson } from '../shared/http/association-json.ts';
import { account } from '../shared/http/authorize.ts';
import { billJson } from '../shared/http/bill-json.ts';
import { billReply } from '../shared/http/bill-replies.ts';
import { param, type Call } from '../shared/http/call.ts';
import { openedBy } from '../shared/http/endpoint.ts';
import { planJson, skuJson, usageDayJson } from '../shared/http/plan-json.ts';
import {
  associationListReply,
  associationReply,
  nothingReply,
  planListReply,
  planReply,
  skuListReply,
  usageHistoryReply,
} from '../shared/http/plan-replies.ts';
import { movePlanBody, planBody, planPatchBody } from '../shared/http/plan-schemas.ts';
import { pageQuery, spanQuery } from '../shared/http/query-parameters.ts';
import { armVersion, listJson, pageOf, spanOf } from '../shared/http/query.ts';
import { json } from '../shared/http/reply.ts';
import { armCheck, thingOf } from '../shared/http/resource.ts';

const { endpoint, doing, reading } = openedBy(account);
const bytesMax = limits.managementBodyBytesMax;
/** `arm-commitmentplans` drops nextLink, so that its users see the first page only. */
const topDefault = limits.pageMax;
const inSubscription = 'subscriptions/{subscriptionId}/providers/Microsoft.MachineLearning/commitmentPlans';
const inGroup =
  'subscriptions/{subscriptionId}/resourceGroups/{group}/providers/Microsoft.MachineLearning/commitmentPlans';

endpoint('plansOfSubscription', {
  route: inSubscription,
  docs: {
    GET: {
      summary: 'Lists the commitment plans of an account.',
      replies: { 200: planListReply },
      query: pageQuery,
    },
  },
  on: { GET: list(() => undefined) },
});

endpoint('plansOfGroup', {
  route: inGroup,
  docs: {
    GET: {
      summary: 'Lists the commitment plans of a resource group.',
      replies: { 200: planListReply },
      query: pageQuery,
    },
  },
  on: { GET: list((call) => param(call, 'group')) },
});

function list(groupOf: (call: Call) => string | undefined) {
  return doing(async ({ app, who, call }) => {
    const page = pageOf(call, topDefault);
    if (page.kind === 'refused') return page;
    const { plans, after } = await listPlans(app, who, page, groupOf(call));
    const value = plans.map((plan) => planJson(plan, app.config.tiers));
    return json(200, listJson(value, call, after));
  }, armVersion);
}

endpoint('plan', {
  route: `${inGroup}/{name}`,
  docs: {
    PUT: {
      summary: 'Makes a commitment plan, or changes its tier and tags.',
      replies: { 200: planReply, 201: planReply },
      refusals: { 400: ['BadSku'], 404: ['AccountNotFound'], 409: ['DevTestPlanExists'] },
    },
    GET: {
      summary: 'Reads a commitment plan.',
      replies: { 200: planReply },
      refusals: { 404: ['CommitmentPlanNotFound'] },
    },
    PATCH: {
      summary: 'Changes the tier or the tags of a commitment plan.',
      replies: { 200: planReply },
      refusals: {
        400: ['BadSku'],
        404: ['AccountNotFound', 'CommitmentPlanNotFound'],
        409: ['DevTestPlanExists'],
      },
    },
    DELETE: {
      summary: 'Deletes a commitment plan that nothing bills to.',
      replies: { 200: nothingReply },
      refusals: { 404: ['CommitmentPlanNotFound'], 409: ['PlanInUse'] },
    },
  },
  on: {
    PUT: reading(
      { schema: planBody, bytesMax },
      async ({ app, who, call }, { sku, tags }) => {
        const put = await putPlan(app, who, thingOf(call), sku.name, tags);
        if (put.kind === 'refused') return put;
        return json(put.outcome === 'created' ? 201 : 200, planJson(put.plan, app.config.tiers));
      },
      armCheck,
    ),
    GET: doing(async ({ app, who, call }) => {
      const found = await getPlan(app, who, thingOf(call));
      return found.kind === 'refused' ? found : json(200, planJson(found.plan, app.config.tiers));
    }, armCheck),
    PATCH: reading(
      { schema: planPatchBody, bytesMax },
      async ({ app, who, call }, { sku, tags }) => {
        const patch = { ...(sku && { tier: sku.name }), ...(tags && { tags }) };
        const patched = await patchPlan(app, who, thingOf(call), patch);
        return patched.kind === 'refused' ? patched : json(200, planJson(patched.plan, app.config.tiers));
      },
      armCheck,
    ),
    // Exactly 200: the management SDK throws on 202 and 204.
    DELETE: doing(async ({ app, who, call }) => {
      const deleted = await deletePlan(app, who, thingOf(call));
      return deleted.kind === 'refused' ? deleted : json(200, {});
    }, armCheck),
  },
});

endpoint('planBill', {
  route: `${inGroup}/{name}/bill`,
  docs: {
    GET: {
      summary: 'Gives the bill of a commitment plan, by default for its present period.',
      replies: { 200: billReply },
      query: spanQuery,
      refusals: { 404: ['CommitmentPlanNotFound'] },
    },
  },
  on: {
    GET: doing(async ({ app, who, call }) => {
      const span = spanOf(call);
      if (span.kind === 'refused') return span;
      const bill = await planBill(app, who, thingOf(call), span);
      return bill.kind === 'refused' ? bill : json(200, billJson(bill));
    }, armCheck),
  },
});

endpoint('planUsageHistory', {
  route: `${inGroup}/{name}/usageHistory`,
  docs: {
    GET: {
      summary: 'Lists what a commitment plan was used for, by day.',
      replies: { 200: usageHistoryReply },
      refusals: { 404: ['CommitmentPlanNotFound'] },
    },
  },
  on: {
    GET: doing(async ({ app, who, call }) => {
      const found = await usageHistory(app, who, thingOf(call));
      return found.kind === 'refused' ? found : json(200, listJson(found.days.map(usageDayJson), call));
    }, armCheck),
  },
});

endpoint('planAssociations', {
  route: `${inGroup}/{name}/commitmentAssociations`,
  docs: {
    GET: {
      summary: 'Lists the web services that a commitment plan pays for.',
      replies: { 200: associationListReply },
      query: pageQuery,
      refusals: { 404: ['CommitmentPlanNotFound'] },
    },
  },
  on: {
    GET: doing(async ({ app, who, call }) => {
      const page = pageOf(call, topDefault);
      if (page.kind === 'refused') return page;
      const found = await listAssociations(app, who, thingOf(call), page);
      return found.kind === 'refused'
        ? found
        : json(200, listJson(found.associations.map(associationJson), call, found.after));
    }, armCheck),
  },
});

endpoint('planAssociation', {
  route: `${inGroup}/{name}/commitmentAssociations/{association}`,
  docs: {
    GET: {
      summary: 'Reads the tie of one web service to its commitment plan.',
      replies: { 200: associationReply },
      refusals: { 404: ['CommitmentAssociationNotFound', 'CommitmentPlanNotFound'] },
    },
  },
  on: {
    GET: doing(async ({ app, who, call }) => {
      const found = await getAssociation(app, who, thingOf(call), param(call, 'association'));
      return found.kind === 'refused' ? found : json(200, associationJson(found));
    }, armCheck),
  },
});

endpoint('planAssociationMove', {
  route: `${inGroup}/{name}/commitmentAssociations/{association}/move`,
  docs: {
    POST: {
      summary: 'Moves a web service to another commitment plan, from a whole hour on.',
      replies: { 200: associationReply },
      refusals: {
        400: ['CommitmentPlanNotFound'],
        404: ['AccountNotFound', 'CommitmentAssociationNotFound', 'CommitmentPlanNotFound'],
        409: ['TooManyMoves'],
      },
    },
  },
  on: {
    POST: reading(
      { schema: movePlanBody, bytesMax },
      async ({ app, who, call }, { destinationPlanId }) => {
        const association = param(call, 'association');
        const moved = await moveAssociation(app, who, thingOf(call), association, destinationPlanId);
        return moved.kind === 'refused' ? moved : json(200, associationJson(moved));
      },
      armCheck,
    ),
  },
});

endpoint('skus', {
  route: 'subscriptions/{subscriptionId}/providers/Microsoft.MachineLearning/skus',
  docs: { GET: { summary: 'Lists the tiers of commitment plans.', replies: { 200: skuListReply } } },
  on: {
    GET: doing(async ({ app, call }) => json(200, listJson(app.config.tiers.map(skuJson), call)), armVersion),
  },
});
