/** The definitions of a web service's swagger.json: its inputs, outputs and parameters, and the bodies of its calls. */
import type { ServiceView } from '../app/services.ts';
import { rowErrorParameters } from '../core/row-errors.ts';
import type { Column, Parameter, Service } from '../core/service.ts';

type Schema = Readonly<Record<string, unknown>>;

const text = { type: 'string' };
const noneOrText = { type: 'string', 'x-nullable': true };

const blobMembers = {
  ConnectionString: noneOrText,
  RelativeLocation: noneOrText,
  BaseLocation: noneOrText,
  SasBlobToken: noneOrText,
};

const blobReference = object(blobMembers);

const countByName = { type: 'object', additionalProperties: { type: 'integer' } };

/** What every web service has. */
const ownParameters = {
  [rowErrorParameters.policy]: { type: 'string', enum: ['fail', 'skip', 'blank'], default: 'fail' },
  [rowErrorParameters.countMax]: { type: 'integer', minimum: 0 },
  [rowErrorParameters.shareMax]: { type: 'number', minimum: 0, maximum: 1 },
};

const errorResponse = object({
  error: object({
    code: text,
    message: text,
    details: { type: 'array', items: object({ code: text, message: text }) },
  }),
});

export function definitionsOf({ service, definition }: ServiceView): Schema {
  const { inputs, outputs, parameters } = service;
  const { columns, scored } = definition;
  const items = (names: readonly string[], of: readonly Column[]) =>
    names.map((name) => [itemName(service, names, name), itemOf(of)] as const);
  const tables = (names: readonly string[]) =>
    object(byName(names, (name) => ({ type: 'array', items: ref(itemName(service, names, name)) })));
  return {
    ExecutionRequest: {
      ...object({ Inputs: ref('ExecutionInputs'), GlobalParameters: ref('GlobalParameters') }),
      description: 'The rows of the files that a job names, by input, and its parameters.',
      example: exampleOf(service, columns),
    },
    ExecutionInputs: tables(inputs),
    ExecutionResults: tables(outputs),
    ...Object.fromEntries(items(inputs, columns)),
    // A result has the columns of the input, then those that scoring adds.
    ...Object.fromEntries(items(outputs, [...columns, ...scored])),
    GlobalParameters: parametersOf(parameters),
    BatchRequest: batchRequestOf(service),
    BatchStatus: batchStatusOf(outputs),
    BlobReference: blobReference,
    ErrorResponse: errorResponse,
  };
}

function batchRequestOf({ inputs, outputs }: Service): Schema {
  const references = (names: readonly string[]) => object(byName(names, () => ref('BlobReference')));
  return object({
    ...(inputs.length === 1 ? { Input: ref('BlobReference') } : {}),
    Inputs: references(inputs),
    Outputs: references(outputs),
    GlobalParameters: { allOf: [ref('GlobalParameters'), object(ownParameters)] },
    AzureBatchPoolId: { ...noneOrText, description: 'The pool to run on; none: classic processing.' },
  });
}

function batchStatusOf(outputs: readonly string[]): Schema {
  return object({
    StatusCode: { type: 'string', enum: ['NotStarted', 'Running', 'Failed', 'Cancelled', 'Finished'] },
    Results: { ...object(byName(outputs, () => ref('BlobReference'))), 'x-nullable': true },
    Details: noneOrText,
    RowsDone: { type: 'integer' },
    RowsTotal: { type: 'integer', 'x-nullable': true, description: 'Estimated while the job runs.' },
    RowsPerSecond: { type: 'integer', 'x-nullable': true },
    ExpectedEndTime: { type: 'string', format: 'date-time', 'x-nullable': true },
    Errors: {
      ...object({ ...blobMembers, Count: { type: 'integer' }, ByReason: countByName }),
      description: 'The file of the rows that could not be scored.',
      'x-nullable': true,
    },
    UnseenCategories: {
      ...object({ Count: { type: 'integer' }, ByColumn: countByName }),
      description: "Rows with a text that the model's encoder does not know.",
      'x-nullable': true,
    },
  });
}

function parametersOf(parameters: readonly Parameter[]): Schema {
  const required = parameters.flatMap(({ name, default: value }) => (value === undefined ? [name] : []));
  const properties = parameters.map(({ name, default: value }) => [
    name,
    value === undefined ? {} : { type: typeof value, default: value },
  ]);
  return {
    ...object(Object.fromEntries(properties) as Schema),
    ...(required.length === 0 ? {} : { required }),
  };
}

function itemOf(columns: readonly Column[]): Schema {
  return object(Object.fromEntries(columns.map(({ name, type }) => [name, typeOf(type)])));
}

/** A model's types as Swagger's. */
function typeOf(type: string): { readonly type: string; readonly format?: string } {
  if (type === 'bool') return { type: 'boolean' };
  if (type.startsWith('int')) return { type: 'integer', format: type };
  if (type.startsWith('float')) return { type: 'number', format: type === 'float32' ? 'float' : 'double' };
  return text;
}

function exampleOf({ inputs, parameters }: Service, columns: readonly Column[]): Schema {
  const row = Object.fromEntries(columns.map(({ name, type }) => [name, emptyOf(typeOf(type).type)]));
  return {
    Inputs: byName(inputs, () => [row]),
    GlobalParameters: Object.fromEntries(parameters.map(({ name, default: value }) => [name, value ?? ''])),
  };
}

function emptyOf(type: string): string | number | boolean {
  if (type === 'boolean') return false;
  return type === 'string' ? '' : 0;
}

/** `input1Item`; an output that is called like an input has a name of its own. */
function itemName({ inputs }: Service, names: readonly string[], name: string): string {
  return names !== inputs && inputs.includes(name) ? `${name}ResultItem` : `${name}Item`;
}

function byName<T>(names: readonly string[], of: (name: string) => T): Readonly<Record<string, T>> {
  return Object.fromEntries(names.map((name) => [name, of(name)]));
}

function object(properties: Schema): Schema {
  return { type: 'object', properties };
}

/** A JSON pointer within a URI. */
export function ref(name: string): Schema {
  return { $ref: `#/definitions/${encodeURIComponent(name.replaceAll('~', '~0'))}` };
}
