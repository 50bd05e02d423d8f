/** A web service's swagger.json: how to call it, and the name by which a pool is tied to its billing plan. */
import type { ServiceView } from '../app/services.ts';
import type { Service } from '../core/service.ts';
import { servicePath, tables } from './service-json.ts';

const blobRef = {
  type: 'object',
  properties: Object.fromEntries(
    ['ConnectionString', 'RelativeLocation', 'BaseLocation', 'SasBlobToken'].map((name) => [
      name,
      { type: 'string' },
    ]),
  ),
};

const apiVersion = { name: 'api-version', in: 'query', required: true, type: 'string', enum: ['2.0'] };
const jobId = { name: 'jobId', in: 'path', required: true, type: 'string' };

/** Swagger 2.0. @param publicUrl where callers reach this app; no slash at the end */
export function swaggerOf({ service, definition }: ServiceView, publicUrl: string): object {
  const url = new URL(publicUrl);
  return {
    swagger: '2.0',
    info: { title: definition.title, description: definition.description ?? '', version: '2.0' },
    host: url.host,
    basePath: url.pathname.replace(/\/$/, '') + servicePath(service),
    schemes: [url.protocol.replace(':', '')],
    consumes: ['application/json'],
    produces: ['application/json'],
    securityDefinitions: { Bearer: { type: 'apiKey', in: 'header', name: 'Authorization' } },
    security: [{ Bearer: [] }],
    paths: paths(),
    definitions: {
      BlobRef: blobRef,
      BatchRequest: requestOf(service),
      BatchStatus: statusOf(service),
      InputTables: tables(service.inputs, definition.columns),
      OutputTables: tables(service.outputs, definition.scored),
    },
  };
}

function paths(): object {
  const ok = (schema: object, description: string) => ({ 200: { description, schema } });
  return {
    '/jobs': {
      post: {
        operationId: 'registerJob',
        parameters: [
          apiVersion,
          { name: 'body', in: 'body', schema: { $ref: '#/definitions/BatchRequest' } },
        ],
        responses: ok({ type: 'string' }, 'The id of the registered job'),
      },
    },
    '/jobs/{jobId}/start': {
      post: {
        operationId: 'startJob',
        parameters: [jobId, apiVersion],
        responses: { 200: { description: 'Started' } },
      },
    },
    '/jobs/{jobId}': {
      get: {
        operationId: 'jobStatus',
        parameters: [jobId, apiVersion],
        responses: ok({ $ref: '#/definitions/BatchStatus' }, 'The status of the job'),
      },
      delete: {
        operationId: 'cancelJob',
        parameters: [jobId, { ...apiVersion, required: false }],
        responses: { 204: { description: 'Cancelled, or at its end before' } },
      },
    },
  };
}

function requestOf({ inputs, outputs, parameters }: Service): object {
  const refs = (names: readonly string[]) => ({
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, { $ref: '#/definitions/BlobRef' }])),
  });
  const values = parameters.map(({ name, default: value }) => [
    name,
    value === undefined ? {} : { default: value },
  ]);
  return {
    type: 'object',
    properties: {
      ...(inputs.length === 1 ? { Input: { $ref: '#/definitions/BlobRef' } } : {}),
      Inputs: refs(inputs),
      Outputs: refs(outputs),
      GlobalParameters: { type: 'object', properties: Object.fromEntries(values) },
      AzureBatchPoolId: { type: 'string' },
    },
  };
}

function statusOf({ outputs }: Service): object {
  const results = Object.fromEntries(outputs.map((name) => [name, { $ref: '#/definitions/BlobRef' }]));
  return {
    type: 'object',
    properties: {
      StatusCode: { type: 'string', enum: ['NotStarted', 'Running', 'Failed', 'Cancelled', 'Finished'] },
      Results: { type: 'object', properties: results },
      Details: { type: 'string' },
    },
  };
}
