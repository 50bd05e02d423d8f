/**
 * What is open to everybody: health, the OpenAPI document, and an envelope for whatever no other function takes
 * (functions-host.md, section 3).
 */
import type { Action } from '../shared/http/action.ts';
import { methods, type Method } from '../shared/http/answer.ts';
import { anyone } from '../shared/http/authorize.ts';
import { openedBy } from '../shared/http/endpoint.ts';
import { healthOf } from '../shared/http/health.ts';
import { nothingHere } from '../shared/http/nothing-here.ts';
import { openApiText } from '../shared/http/openapi/text.ts';
import { healthReply, openApiReply } from '../shared/http/site-replies.ts';

const { endpoint, doing } = openedBy(anyone);

endpoint('health', {
  route: 'health',
  docs: {
    GET: { summary: 'Says whether the service can work.', replies: { 200: healthReply, 503: healthReply } },
  },
  on: { GET: doing(({ app }) => healthOf(app)) },
});

endpoint('openApi', {
  route: 'openapi.json',
  docs: { GET: { summary: 'Gives this document.', replies: { 200: openApiReply } } },
  on: {
    GET: doing(async ({ call }) => {
      const contentType = 'application/json; charset=utf-8';
      return { kind: 'text', status: 200, text: openApiText(call.origin), contentType };
    }),
  },
});

const refuse = doing(async ({ call }) => nothingHere(call));

// By its name the last that is tried. It also sees wrong methods on our own routes.
endpoint('zzFallback', {
  route: '{*rest}',
  docs: 'unlisted',
  on: Object.fromEntries(methods.map((method) => [method, refuse])) as Record<Method, Action<undefined>>,
});
