/** Web services, as Resource Manager clients call them (bes-contract.md, section 8), and their swagger.json. */
import {
  deleteService,
  getService,
  getServiceById,
  listServices,
  patchService,
  publicService,
  putService,
  serviceKeys,
} from '../shared/app/services.ts';
import { limits } from '../shared/core/limits.ts';
import { keysJson } from '../shared/http/account-json.ts';
import { keysReply } from '../shared/http/account-replies.ts';
import { asyncOperation, operationJson } from '../shared/http/async-operation.ts';
import { account, anyone } from '../shared/http/authorize.ts';
import { param, type Call } from '../shared/http/call.ts';
import { openedBy } from '../shared/http/endpoint.ts';
import { operationsJson } from '../shared/http/operations-json.ts';
import { operationListReply } from '../shared/http/plan-replies.ts';
import { pageQuery, regionQuery } from '../shared/http/query-parameters.ts';
import { armVersion, badQuery, listJson, pageOf } from '../shared/http/query.ts';
import { definitionCodes } from '../shared/http/refusal-codes.ts';
import { empty, json } from '../shared/http/reply.ts';
import { armCheck, thingOf } from '../shared/http/resource.ts';
import { serviceIdOf } from '../shared/http/service-id.ts';
import { serviceJson } from '../shared/http/service-json.ts';
import { patchWishOf } from '../shared/http/service-patch.ts';
import {
  asyncOperationReply,
  serviceListReply,
  serviceReply,
  swaggerReply,
} from '../shared/http/service-replies.ts';
import { serviceBody, servicePatchBody } from '../shared/http/service-schemas.ts';
import { serviceWishOf } from '../shared/http/service-wish.ts';
import { swaggerOf } from '../shared/http/swagger.ts';

const { endpoint, doing, reading } = openedBy(account);
const open = openedBy(anyone);

const bytesMax = limits.managementBodyBytesMax;
const inSubscription = 'subscriptions/{subscriptionId}/providers/Microsoft.MachineLearning/webServices';
const inGroup =
  'subscriptions/{subscriptionId}/resourceGroups/{group}/providers/Microsoft.MachineLearning/webServices';

endpoint('servicesOfSubscription', {
  route: inSubscription,
  docs: {
    GET: {
      summary: 'Lists the web services of an account.',
      replies: { 200: serviceListReply },
      query: pageQuery,
    },
  },
  on: { GET: list(() => undefined) },
});

endpoint('servicesOfGroup', {
  route: inGroup,
  docs: {
    GET: {
      summary: 'Lists the web services of a resource group.',
      replies: { 200: serviceListReply },
      query: pageQuery,
    },
  },
  on: { GET: list((call) => param(call, 'group')) },
});

function list(groupOf: (call: Call) => string | undefined) {
  return doing(async ({ app, who, call }) => {
    const page = pageOf(call);
    if (page.kind === 'refused') return page;
    const { services, after } = await listServices(app, who, page, groupOf(call));
    const value = services.map((one) => serviceJson(one, app.config.publicUrl));
    return json(200, listJson(value, call, after));
  }, armVersion);
}

endpoint('service', {
  route: `${inGroup}/{name}`,
  docs: {
    PUT: {
      summary: 'Makes a web service from an ONNX model, or replaces its definition.',
      replies: { 200: serviceReply, 201: serviceReply },
      refusals: {
        400: [...definitionCodes, 'CommitmentPlanFixed', 'CommitmentPlanNotFound', 'MissingCommitmentPlan'],
        404: ['AccountNotFound'],
        409: ['SealedWithAnotherSecret'],
        503: ['StorageUnreachable'],
      },
    },
    PATCH: {
      summary: 'Changes a web service; a model that cannot run is refused, and the present one stays.',
      replies: { 200: serviceReply },
      refusals: {
        400: [...definitionCodes, 'CommitmentPlanFixed', 'CommitmentPlanNotFound', 'ModelRefused'],
        404: ['WebServiceNotFound'],
        409: ['SealedWithAnotherSecret'],
        503: ['StorageUnreachable'],
      },
    },
    GET: {
      summary: 'Reads a web service.',
      replies: { 200: serviceReply },
      refusals: { 404: ['WebServiceNotFound'] },
    },
    DELETE: {
      summary: 'Deletes a web service that no live pool bills to.',
      replies: { 204: 'empty' },
      refusals: { 409: ['ServiceHasPools'] },
    },
  },
  on: {
    PUT: reading(
      { schema: serviceBody, bytesMax },
      async ({ app, who, call }, body) => {
        const understood = serviceWishOf(body, thingOf(call));
        if (understood.kind === 'refused') return understood;
        const put = await putService(app, who, understood.wish);
        if (put.kind === 'refused') return put;
        const headers = asyncOperation(call, put.service);
        return json(put.outcome === 'created' ? 201 : 200, serviceJson(put, app.config.publicUrl), headers);
      },
      armCheck,
    ),
    PATCH: reading(
      { schema: servicePatchBody, bytesMax },
      async ({ app, who, call }, body) => {
        const understood = patchWishOf(body);
        if (understood.kind === 'refused') return understood;
        const { patch, commitmentPlan } = understood;
        const patched = await patchService(app, who, thingOf(call), patch, commitmentPlan);
        if (patched.kind === 'refused') return patched;
        const headers = asyncOperation(call, patched.service);
        return json(200, serviceJson(patched, app.config.publicUrl), headers);
      },
      armCheck,
    ),
    GET: doing(async ({ app, who, call }) => {
      const found = await getService(app, who, thingOf(call));
      return found.kind === 'refused' ? found : json(200, serviceJson(found, app.config.publicUrl));
    }, armCheck),
    DELETE: doing(async ({ app, who, call }) => {
      const deleted = await deleteService(app, who, thingOf(call));
      // One that is not there is deleted already: so Resource Manager has it.
      return deleted.kind === 'refused' && deleted.status !== 404 ? deleted : empty(204);
    }, armCheck),
  },
});

endpoint('serviceKeys', {
  route: `${inGroup}/{name}/listKeys`,
  docs: {
    GET: {
      summary: 'Gives both keys of a web service.',
      replies: { 200: keysReply },
      refusals: { 404: ['WebServiceNotFound'] },
    },
  },
  on: {
    GET: doing(async ({ app, who, call }) => {
      const keys = await serviceKeys(app, who, thingOf(call));
      return keys.kind === 'refused' ? keys : json(200, keysJson(keys));
    }, armCheck),
  },
});

/** Makes the credentials readable in another region; here there is one region. */
endpoint('serviceRegionalBlob', {
  route: `${inGroup}/{name}/CreateRegionalBlob`,
  docs: {
    POST: {
      summary: 'Does nothing: there is one region, and its credentials are there.',
      replies: { 202: asyncOperationReply },
      query: regionQuery,
      refusals: { 404: ['WebServiceNotFound'] },
    },
  },
  on: {
    POST: doing(async ({ app, who, call }) => {
      const region = call.query('region') ?? '';
      if (region === '') return badQuery('region is missing: call with ?region={region}.');
      const found = await getService(app, who, thingOf(call));
      if (found.kind === 'refused') return found;
      return json(202, operationJson(found.service), asyncOperation(call, found.service));
    }, armCheck),
  },
});

endpoint('serviceOperation', {
  route: 'subscriptions/{subscriptionId}/providers/Microsoft.MachineLearning/operations/{operationId}',
  docs: {
    GET: {
      summary: 'Reads how a PUT, a PATCH or a CreateRegionalBlob ended, as Azure-AsyncOperation names it.',
      replies: { 200: asyncOperationReply },
      refusals: { 404: ['WebServiceNotFound'] },
    },
  },
  on: {
    GET: doing(async ({ app, who, call }) => {
      const found = await getServiceById(app, who, param(call, 'operationId').toLowerCase());
      return found.kind === 'refused' ? found : json(200, operationJson(found.service));
    }, armVersion),
  },
});

// No key: ids are not guessable, and a pool's creator hands this URL on.
open.endpoint('serviceSwagger', {
  route: 'subscriptions/{subscriptionId}/services/{serviceId}/swagger.json',
  docs: {
    GET: {
      summary: 'Gives the Swagger 2.0 document of a web service.',
      replies: { 200: swaggerReply },
      refusals: { 404: ['WebServiceNotFound'] },
    },
  },
  on: {
    GET: open.doing(async ({ app, call }) => {
      const found = await publicService(app, param(call, 'subscriptionId'), serviceIdOf(call));
      return found.kind === 'refused' ? found : json(200, swaggerOf(found, app.config.publicUrl));
    }),
  },
});

open.endpoint('operations', {
  route: 'providers/Microsoft.MachineLearning/operations',
  docs: {
    GET: {
      summary: 'Lists what Resource Manager clients can do here.',
      replies: { 200: operationListReply },
    },
  },
  on: { GET: open.doing(async ({ call }) => json(200, listJson(operationsJson, call))) },
});
