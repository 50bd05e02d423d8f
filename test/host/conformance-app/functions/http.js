/** What the conformance suite asks for over HTTP: requests, bodies, answers, routes. */
import { app, HttpResponse } from '@azure/functions';

app.setup({ enableHttpStream: process.env.CONFORMANCE_STREAMS !== 'false' });

const http = (name, route, handler, methods = ['GET']) =>
  app.http(name, { authLevel: 'anonymous', methods, route, handler });
/** Answers with its own name and its parameters. */
const named = (name, route, methods) =>
  http(name, route, (request) => ({ jsonBody: { name, params: request.params } }), methods);

http('mode', 'mode', () => ({ jsonBody: { streams: process.env.CONFORMANCE_STREAMS !== 'false' } }));
http(
  'show',
  'show/{one?}',
  async (request, context) => ({
    jsonBody: {
      method: request.method,
      url: request.url,
      params: request.params,
      query: request.query.get('q'),
      header: request.headers.get('x-one'),
      hasBody: request.body !== null,
      invocationId: context.invocationId,
      functionName: context.functionName,
      trigger: context.options.trigger.type,
    },
  }),
  ['GET', 'POST'],
);
http(
  'echo',
  'echo',
  async (request) => ({
    status: 201,
    body: await request.arrayBuffer(),
    headers: { 'content-type': request.headers.get('content-type') ?? 'none' },
  }),
  ['POST', 'DELETE'],
);
http(
  'given',
  'given',
  () =>
    new HttpResponse({
      status: 202,
      body: 'made',
      headers: { 'x-own': '1', 'content-length': '4' },
      cookies: [
        { name: 'e', value: '' },
        { name: 'c', value: 'v w', httpOnly: true, sameSite: 'Strict', maxAge: 60 },
        {
          name: 'd',
          value: '2',
          secure: true,
          sameSite: 'None',
          domain: 'a.example',
          path: '/p',
          expires: new Date(86_400_000),
        },
      ],
    }),
);
http('jsonString', 'jsonString', () => ({ jsonBody: 'text' }));
http('twoHeaders', 'twoHeaders', () => {
  const headers = new Headers({ 'x-two': 'a' });
  headers.append('x-two', 'b');
  return { headers, body: 'two' };
});
http('chunks', 'chunks', (request) => ({
  body: (async function* () {
    for (let index = 0; index < Number(request.query.get('n')); index++) yield Buffer.alloc(1024, 97);
  })(),
}));
http('nothing', 'nothing', () => undefined);
http('throws', 'throws', () => {
  throw new Error('boom of the handler');
});
http('untouched', 'untouched', () => ({ status: 413, body: 'too much' }), ['POST']);
http('headed', 'headed', () => ({ headers: { 'x-head': 'yes', 'content-length': '5' } }), ['HEAD']);
http('disabled', 'disabled', () => ({ body: 'on' }));

named('aDetails', 'products/{id}');
named('bList', 'products/list');
named('constrained', 'constrained/{id:int}');
named('guids', 'guids/{id:guid}');
named('defaulted', 'defaulted/{p=9}');
named('mixed', 'mixed/{name}.{ext?}');
named('everything', 'everything/{*rest}');
named('noRoute', undefined);
named('reserved', 'admin/mine');
named('runtimeNamed', '');
named('twinA', 'twin/{x}');
named('twinB', 'TWIN/{x}');
named('twinPost', 'twin/{x}', ['POST']);
// Only PATCH, so that other methods show the host's own 404.
named('zzFallback', '{*rest}', ['PATCH']);
