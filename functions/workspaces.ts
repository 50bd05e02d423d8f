/** Classic web services: made in a workspace with the key of its account, used with their own (api.md, "Account"). */
import {
  classicServiceKeys,
  deleteClassicService,
  getClassicService,
  listClassicServices,
  publicClassicService,
  putClassicService,
  replaceModel,
} from '../shared/app/classic-services.ts';
import { makeUpload } from '../shared/app/uploads.ts';
import { limits } from '../shared/core/limits.ts';
import { keysJson } from '../shared/http/account-json.ts';
import { keysReply } from '../shared/http/account-replies.ts';
import { anyone, classicService, workspace } from '../shared/http/authorize.ts';
import { param } from '../shared/http/call.ts';
import { openedBy } from '../shared/http/endpoint.ts';
import { uploadReply } from '../shared/http/job-replies.ts';
import { retrainBody } from '../shared/http/job-schemas.ts';
import { pageQuery } from '../shared/http/query-parameters.ts';
import { armVersion, listJson, pageOf } from '../shared/http/query.ts';
import { definitionCodes, retrainCodes } from '../shared/http/refusal-codes.ts';
import { empty, json } from '../shared/http/reply.ts';
import { classicCheck } from '../shared/http/resource.ts';
import { serviceIdOf } from '../shared/http/service-id.ts';
import { serviceJson } from '../shared/http/service-json.ts';
import { serviceListReply, serviceReply, swaggerReply } from '../shared/http/service-replies.ts';
import { serviceBody } from '../shared/http/service-schemas.ts';
import { classicWishOf } from '../shared/http/service-wish.ts';
import { swaggerOf } from '../shared/http/swagger.ts';
import { uploadJson } from '../shared/http/upload-json.ts';
import { uploadBody } from '../shared/http/upload-schemas.ts';
import { workspaceIdOf } from '../shared/http/workspace-id.ts';

const { endpoint, doing, reading } = openedBy(workspace);
const byService = openedBy(classicService);
const open = openedBy(anyone);
const bytesMax = limits.managementBodyBytesMax;
const named = 'workspaces/{workspaceId}/webservices';
const byId = 'workspaces/{workspaceId}/services/{serviceId}';

endpoint('classicServices', {
  route: named,
  docs: {
    GET: {
      summary: 'Lists the web services of a classic workspace.',
      replies: { 200: serviceListReply },
      query: pageQuery,
    },
  },
  on: {
    GET: doing(async ({ app, who, call }) => {
      const page = pageOf(call);
      if (page.kind === 'refused') return page;
      const { services, after } = await listClassicServices(app, who, page);
      const value = services.map((one) => serviceJson(one, app.config.publicUrl));
      return json(200, listJson(value, call, after));
    }, armVersion),
  },
});

endpoint('classicService', {
  route: `${named}/{name}`,
  docs: {
    PUT: {
      summary: 'Makes a classic web service from an ONNX model, or replaces its definition.',
      replies: { 200: serviceReply, 201: serviceReply },
      refusals: {
        400: [...definitionCodes, 'CommitmentPlanNotAllowed'],
        404: ['AccountNotFound', 'WorkspaceNotFound'],
        409: ['SealedWithAnotherSecret'],
        503: ['StorageUnreachable'],
      },
    },
    GET: {
      summary: 'Reads a classic web service.',
      replies: { 200: serviceReply },
      refusals: { 404: ['WebServiceNotFound'] },
    },
    DELETE: {
      summary: 'Deletes a classic web service.',
      replies: { 204: 'empty' },
      refusals: { 404: ['WebServiceNotFound'] },
    },
  },
  on: {
    PUT: reading(
      { schema: serviceBody, bytesMax },
      async ({ app, who, call }, body) => {
        const understood = classicWishOf(body, param(call, 'name'));
        if (understood.kind === 'refused') return understood;
        const put = await putClassicService(app, who, understood.wish);
        if (put.kind === 'refused') return put;
        return json(put.outcome === 'created' ? 201 : 200, serviceJson(put, app.config.publicUrl));
      },
      classicCheck,
    ),
    GET: doing(async ({ app, who, call }) => {
      const found = await getClassicService(app, who, param(call, 'name'));
      return found.kind === 'refused' ? found : json(200, serviceJson(found, app.config.publicUrl));
    }, classicCheck),
    DELETE: doing(async ({ app, who, call }) => {
      const deleted = await deleteClassicService(app, who, param(call, 'name'));
      return deleted.kind === 'refused' ? deleted : empty(204);
    }, classicCheck),
  },
});

endpoint('classicServiceKeys', {
  route: `${named}/{name}/listKeys`,
  docs: {
    GET: {
      summary: 'Gives both keys of a classic web service.',
      replies: { 200: keysReply },
      refusals: { 404: ['WebServiceNotFound'] },
    },
  },
  on: {
    GET: doing(async ({ app, who, call }) => {
      const keys = await classicServiceKeys(app, who, param(call, 'name'));
      return keys.kind === 'refused' ? keys : json(200, keysJson(keys));
    }, classicCheck),
  },
});

// A web service here has one endpoint, whatever name a client knows it by. An empty 200 crashes a client.
byService.endpoint('classicServiceEndpoint', {
  route: `workspaces/{workspaceId}/webservices/{serviceId}/endpoints/{endpoint}`,
  docs: {
    PATCH: {
      summary: 'Retraining: another model for the jobs that are registered from now on.',
      replies: { 204: 'empty' },
      refusals: {
        400: retrainCodes,
        404: ['WebServiceNotFound'],
        409: ['SealedWithAnotherSecret'],
        503: ['StorageUnreachable'],
      },
    },
  },
  on: {
    PATCH: byService.reading({ schema: retrainBody, bytesMax }, async ({ app, who }, { Resources }) => {
      const [{ Location: ref } = { Location: {} }] = Resources;
      const replaced = await replaceModel(app, who, { ref, path: 'Resources[0].Location' });
      return replaced.kind === 'refused' ? replaced : empty(204);
    }),
  },
});

// No key: ids are not guessable.
open.endpoint('classicServiceSwagger', {
  route: `${byId}/swagger.json`,
  docs: {
    GET: {
      summary: 'Gives the Swagger 2.0 document of a classic web service.',
      replies: { 200: swaggerReply },
      refusals: { 404: ['WebServiceIdNotFoundInWorkspace'] },
    },
  },
  on: {
    GET: open.doing(async ({ app, call }) => {
      const found = await publicClassicService(app, workspaceIdOf(call), serviceIdOf(call));
      return found.kind === 'refused' ? found : json(200, swaggerOf(found, app.config.publicUrl));
    }),
  },
});

byService.endpoint('classicServiceUploads', {
  route: `${byId}/uploads`,
  docs: {
    POST: {
      summary: 'Makes a place to PUT a file to, such as the input of a job.',
      replies: { 201: uploadReply },
      refusals: { 400: ['BadUploadName'] },
    },
  },
  on: {
    POST: byService.reading({ schema: uploadBody, bytesMax }, async ({ app, who }, { name }) => {
      const upload = await makeUpload(app, who.serviceId, name);
      return upload.kind === 'refused' ? upload : json(201, uploadJson(upload));
    }),
  },
});
