/** Places to PUT files to, for callers without a storage account of their own (api.md). */
import { makeUpload } from '../shared/app/uploads.ts';
import { limits } from '../shared/core/limits.ts';
import { account, service } from '../shared/http/authorize.ts';
import { openedBy } from '../shared/http/endpoint.ts';
import { uploadReply } from '../shared/http/job-replies.ts';
import { json } from '../shared/http/reply.ts';
import { uploadJson } from '../shared/http/upload-json.ts';
import { uploadBody } from '../shared/http/upload-schemas.ts';

const byAccount = openedBy(account);
const byService = openedBy(service);
const body = { schema: uploadBody, bytesMax: limits.managementBodyBytesMax };

byAccount.endpoint('accountUploads', {
  route: 'subscriptions/{subscriptionId}/uploads',
  docs: {
    POST: {
      summary: 'Makes a place to PUT a file to, such as a model.',
      replies: { 201: uploadReply },
      refusals: { 400: ['BadUploadName'] },
    },
  },
  on: {
    POST: byAccount.reading(body, async ({ app, who }, { name }) => {
      const upload = await makeUpload(app, who.subscriptionId, name);
      return upload.kind === 'refused' ? upload : json(201, uploadJson(upload));
    }),
  },
});

byService.endpoint('serviceUploads', {
  route: 'subscriptions/{subscriptionId}/services/{serviceId}/uploads',
  docs: {
    POST: {
      summary: 'Makes a place to PUT a file to, such as the input of a job.',
      replies: { 201: uploadReply },
      refusals: { 400: ['BadUploadName'] },
    },
  },
  on: {
    POST: byService.reading(body, async ({ app, who }, { name }) => {
      const upload = await makeUpload(app, who.serviceId, name);
      return upload.kind === 'refused' ? upload : json(201, uploadJson(upload));
    }),
  },
});
