/**
 * A web service's swagger.json in the shape that Studio gave: how to call it, which columns it reads and writes, and
 * the name by which a pool is tied to its billing plan. Real clients read `host`, `basePath`,
 * `definitions.ExecutionInputs`, `definitions.{input}Item` and the example of `definitions.ExecutionRequest`.
 */
import type { ServiceView } from '../app/services.ts';
import { servicePath } from './service-json.ts';
import { definitionsOf, ref } from './swagger-definitions.ts';

/** Swagger 2.0. @param publicUrl where callers reach this app; no slash at the end */
export function swaggerOf(view: ServiceView, publicUrl: string): object {
  const { service, definition } = view;
  const url = new URL(publicUrl);
  return {
    swagger: '2.0',
    info: {
      version: '2.0',
      title: definition.title,
      description: definition.description ?? 'No description provided for this web service.',
      'x-endpoint-name': 'default',
    },
    host: url.host,
    basePath: url.pathname.replace(/\/$/, '') + servicePath(service),
    schemes: [url.protocol.replace(':', '')],
    consumes: ['application/json'],
    produces: ['application/json'],
    securityDefinitions: {
      Bearer: {
        type: 'apiKey',
        in: 'header',
        name: 'Authorization',
        description: 'Bearer {key}, with a key of the web service.',
      },
    },
    security: [{ Bearer: [] }],
    paths: paths(),
    definitions: definitionsOf(view),
  };
}

const apiVersion = { name: 'api-version', in: 'query', required: true, type: 'string', enum: ['2.0'] };
const jobId = { name: 'jobId', in: 'path', required: true, type: 'string' };
const bad = { description: 'The request was refused.', schema: ref('ErrorResponse') };

function paths(): object {
  return {
    '/swagger.json': {
      get: {
        summary: 'Get swagger API document for the web service',
        operationId: 'getSwaggerDocument',
        security: [],
        parameters: [],
        responses: answers({ description: 'This document.', schema: { type: 'object' } }),
      },
    },
    '/jobs': {
      post: {
        summary: 'Register a job',
        operationId: 'registerJob',
        parameters: [apiVersion, { name: 'body', in: 'body', required: true, schema: ref('BatchRequest') }],
        responses: answers({ description: 'The id of the job.', schema: { type: 'string' } }),
      },
    },
    '/jobs/{jobId}/start': {
      post: {
        summary: 'Start a registered job',
        operationId: 'startJob',
        parameters: [jobId, apiVersion],
        responses: answers({ description: 'Started, now or before.' }),
      },
    },
    '/jobs/{jobId}/rerun': {
      post: {
        summary: 'Register and start a job that scores just the rows in the error file of this one',
        description: 'Without Input the file is read where it lies, while its SAS is good.',
        operationId: 'rerunJob',
        parameters: [jobId, apiVersion, { name: 'body', in: 'body', schema: ref('BatchRequest') }],
        responses: answers({
          description: 'The id of the job that was started.',
          schema: { type: 'string' },
        }),
      },
    },
    '/jobs/{jobId}': {
      get: {
        summary: 'Get the status of a job, and its results once it has finished',
        operationId: 'getJobStatus',
        parameters: [jobId, apiVersion],
        responses: answers({ description: 'The status.', schema: ref('BatchStatus') }),
      },
      delete: {
        summary: 'Cancel a job',
        operationId: 'cancelJob',
        parameters: [jobId, { ...apiVersion, required: false }],
        responses: { 204: { description: 'Cancelled, or ended before.' }, default: bad },
      },
    },
  };
}

function answers(good: object): object {
  return { 200: good, default: bad };
}
