/** Classic web services: made in a workspace with the key of its account, used with their own (api.md, "Account"). */
import {
  classicServiceKeys,
  deleteClassicService,
  getClassicService,
  listClassicServices,
  publicClassicService,
  putClassicService,
} from '../shared/app/classic-services.ts';
import { makeUpload } from '../shared/app/uploads.ts';
import { limits } from '../shared/core/limits.ts';
import { keysJson } from '../shared/http/account-json.ts';
import { anyone, classicService, workspace } from '../shared/http/authorize.ts';
import { param } from '../shared/http/call.ts';
import { openedBy } from '../shared/http/endpoint.ts';
import { armVersion, listJson } from '../shared/http/query.ts';
import { empty, json } from '../shared/http/reply.ts';
import { classicCheck } from '../shared/http/resource.ts';
import { serviceJson } from '../shared/http/service-json.ts';
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
  on: {
    GET: doing(async ({ app, who, call }) => {
      const { services } = await listClassicServices(app, who);
      const value = services.map((one) => serviceJson(one, app.config.publicUrl));
      return json(200, listJson(value, call));
    }, armVersion),
  },
});

endpoint('classicService', {
  route: `${named}/{name}`,
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
  on: {
    GET: doing(async ({ app, who, call }) => {
      const keys = await classicServiceKeys(app, who, param(call, 'name'));
      return keys.kind === 'refused' ? keys : json(200, keysJson(keys));
    }, classicCheck),
  },
});

// No key: ids are not guessable.
open.endpoint('classicServiceSwagger', {
  route: `${byId}/swagger.json`,
  on: {
    GET: open.doing(async ({ app, call }) => {
      const found = await publicClassicService(
        app,
        workspaceIdOf(call),
        param(call, 'serviceId').toLowerCase(),
      );
      return found.kind === 'refused' ? found : json(200, swaggerOf(found, app.config.publicUrl));
    }),
  },
});

byService.endpoint('classicServiceUploads', {
  route: `${byId}/uploads`,
  on: {
    POST: byService.reading({ schema: uploadBody, bytesMax }, async ({ app, who }, { name }) => {
      const upload = await makeUpload(app, who.serviceId, name);
      return upload.kind === 'refused' ? upload : json(201, uploadJson(upload));
    }),
  },
});
