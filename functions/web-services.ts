/** Web services, as Resource Manager clients call them (bes-contract.md, section 8), and their swagger.json. */
import {
  deleteService,
  getService,
  listServices,
  publicService,
  putService,
  serviceKeys,
} from '../shared/app/services.ts';
import { limits } from '../shared/core/limits.ts';
import { keysJson } from '../shared/http/account-json.ts';
import { keysReply } from '../shared/http/account-replies.ts';
import { account, anyone } from '../shared/http/authorize.ts';
import { param } from '../shared/http/call.ts';
import { openedBy } from '../shared/http/endpoint.ts';
import { operationsJson } from '../shared/http/operations-json.ts';
import { operationListReply } from '../shared/http/plan-replies.ts';
import { armVersion, listJson } from '../shared/http/query.ts';
import { definitionCodes } from '../shared/http/refusal-codes.ts';
import { empty, json } from '../shared/http/reply.ts';
import { armCheck, thingOf } from '../shared/http/resource.ts';
import { serviceIdOf } from '../shared/http/service-id.ts';
import { serviceJson } from '../shared/http/service-json.ts';
import { serviceListReply, serviceReply, swaggerReply } from '../shared/http/service-replies.ts';
import { serviceBody } from '../shared/http/service-schemas.ts';
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
  docs: { GET: { summary: 'Lists the web services of an account.', replies: { 200: serviceListReply } } },
  on: {
    GET: doing(async ({ app, who, call }) => {
      const { services } = await listServices(app, who);
      return json(
        200,
        listJson(
          services.map((one) => serviceJson(one, app.config.publicUrl)),
          call,
        ),
      );
    }, armVersion),
  },
});

endpoint('servicesOfGroup', {
  route: inGroup,
  docs: {
    GET: { summary: 'Lists the web services of a resource group.', replies: { 200: serviceListReply } },
  },
  on: {
    GET: doing(async ({ app, who, call }) => {
      const { services } = await listServices(app, who, param(call, 'group'));
      return json(
        200,
        listJson(
          services.map((one) => serviceJson(one, app.config.publicUrl)),
          call,
        ),
      );
    }, armVersion),
  },
});

endpoint('service', {
  route: `${inGroup}/{name}`,
  docs: {
    PUT: {
      summary: 'Makes a web service from an ONNX model, or replaces its definition.',
      replies: { 200: serviceReply, 201: serviceReply },
      refusals: {
        400: [...definitionCodes, 'CommitmentPlanFixed', 'CommitmentPlanNotFound', 'MissingCommitmentPlan'],
        404: ['AccountNotFound'],
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
      refusals: { 404: ['WebServiceNotFound'], 409: ['ServiceHasPools'] },
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
        return json(put.outcome === 'created' ? 201 : 200, serviceJson(put, app.config.publicUrl));
      },
      armCheck,
    ),
    GET: doing(async ({ app, who, call }) => {
      const found = await getService(app, who, thingOf(call));
      return found.kind === 'refused' ? found : json(200, serviceJson(found, app.config.publicUrl));
    }, armCheck),
    DELETE: doing(async ({ app, who, call }) => {
      const deleted = await deleteService(app, who, thingOf(call));
      return deleted.kind === 'refused' ? deleted : empty(204);
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
