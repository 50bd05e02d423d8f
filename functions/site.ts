/** What is open to everybody: health, and an envelope for whatever no other function takes (functions-host.md, section 3). */
import { notFound, shown } from '../shared/core/refusal.ts';
import { methods } from '../shared/http/answer.ts';
import { anyone } from '../shared/http/authorize.ts';
import { openedBy } from '../shared/http/endpoint.ts';
import { healthOf } from '../shared/http/health.ts';
import { shownSafely } from '../shared/http/redact.ts';

const { endpoint, doing } = openedBy(anyone);

endpoint('health', {
  route: 'health',
  on: { GET: doing(({ app }) => healthOf(app)) },
});

const nothingHere = doing(async ({ call }) => {
  const segments = new URL(call.target, call.origin).pathname.split('/');
  const path = shown(segments.map((segment) => shownSafely(segment, 80)).join('/'), 200);
  const text = `There is nothing at ${call.method} ${path}; look at the address and the method.`;
  return notFound('RouteNotFound', text);
});

// By its name the last that is tried. It also sees wrong methods on our own routes.
endpoint('zzFallback', {
  route: '{*rest}',
  on: Object.fromEntries(methods.map((method) => [method, nothingHere])),
});
