/** What the calls about web services answer (bes-contract.md, section 8). */
import { z } from 'zod';
import { listOf, open, shape, time } from './reply-schemas.ts';

export const columnReply = z.strictObject({
  type: z.enum(['Boolean', 'Integer', 'Number', 'String']),
  format: z.string().exactOptional(),
});

const table = z.strictObject({ type: z.literal('object'), properties: z.record(z.string(), columnReply) });

const tablesReply = shape('Tables', 'Inputs or outputs of a web service by name, each with its columns.', {
  title: z.string(),
  type: z.literal('object'),
  properties: z.record(z.string(), table),
});
export type TablesReply = z.output<typeof tablesReply>;

const parameter = z.strictObject({
  value: z
    .union([z.string(), z.number(), z.boolean()])
    .describe('The default; a parameter without one must be given with each job.')
    .exactOptional(),
});

const asGiven = z.unknown().describe('As it was given.').exactOptional();

const failure = z.strictObject({ code: z.literal('ModelRefused'), message: z.string() });

export const serviceReply = shape('WebService', 'A web service. Never with keys.', {
  id: z.string(),
  name: z.string(),
  type: z.literal('Microsoft.MachineLearning/webServices'),
  location: z.string(),
  tags: z.record(z.string(), z.string()),
  properties: z.strictObject({
    title: z.string(),
    description: z.string(),
    createdOn: time,
    modifiedOn: time,
    provisioningState: z.enum(['Succeeded', 'Failed']),
    packageType: z.literal('Graph'),
    readOnly: z.boolean(),
    swaggerLocation: z.string().describe('Its swagger.json: names it when a pool is created.'),
    input: z.unknown().describe('Tables: derived from the model unless they were given.'),
    output: z.unknown().describe('Tables: derived from the model unless they were given.'),
    parameters: z.record(z.string(), parameter),
    exampleRequest: asGiven,
    exposeSampleData: asGiven,
    realtimeConfiguration: asGiven,
    diagnostics: asGiven,
    package: asGiven,
    storageAccount: z
      .strictObject({ name: z.string() })
      .describe('Where results go that no output override names.')
      .exactOptional(),
    commitmentPlan: z
      .strictObject({ id: z.string() })
      .describe('The plan that pays; a classic service has none of its own.')
      .exactOptional(),
  }),
  error: failure.describe('Why the model cannot run: with provisioningState Failed.').exactOptional(),
});
export type ServiceReply = z.output<typeof serviceReply>;

export const serviceListReply = listOf('WebServiceList', serviceReply);

export const swaggerReply = open('Swagger', 'The Swagger 2.0 document of one web service.');

export const asyncOperationReply = shape(
  'AsyncOperation',
  'What became of an operation: it is over at once.',
  {
    id: z.string(),
    name: z.string(),
    status: z.enum(['Succeeded', 'Failed']),
    provisioningState: z.enum(['Succeeded', 'Failed']),
    startTime: time,
    endTime: time,
    percentComplete: z.literal(100),
    error: failure.exactOptional(),
    errorInfo: failure.exactOptional(),
  },
);
export type AsyncOperationReply = z.output<typeof asyncOperationReply>;
