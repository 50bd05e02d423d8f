/**
 * Holds replies to the OpenAPI document: the status is listed, and content type, members and detail codes are as it
 * says.
 */
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { pathParams } from '../../shared/http/path-params.ts';

export type Answered = {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
};

type Response = {
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, object>>;
  readonly 'x-detail-codes'?: readonly string[];
};
type Operation = { readonly responses: Readonly<Record<string, Response>> };
type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly responses: Readonly<Record<string, Response>> };
};

/** What is no part of the public API and in no document. */
const unlisted = /^\/vm\//;

/** What the fallback answers, for paths and methods that are not listed. */
const nowhere: Response = {
  content: { 'application/json': {} },
  'x-detail-codes': ['RouteNotFound'],
};

/** The check throws a sentence for the first thing about a reply that is not documented. */
export function makeContract(given: object): (answered: Answered) => void {
  const document = given as Document;
  const ajv = new Ajv({ strict: false, validateSchema: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema(document, 'openapi');
  const compiled = new Map<string, ValidateFunction>();

  const compile = (pointer: string): ValidateFunction => {
    const known = compiled.get(pointer) ?? ajv.compile({ $ref: `openapi#${pointer}` });
    compiled.set(pointer, known);
    return known;
  };

  return (answered) => {
    const { method, status, text } = answered;
    const { pathname } = new URL(answered.path, 'http://x');
    if (unlisted.test(pathname)) return;
    const what = `${method} ${pathname} answered ${status}`;
    const found = find(document, method, pathname, status);
    if (found === undefined) throw new Error(`${what}, a status that the OpenAPI document lacks: ${text}`);
    const { response, pointer } = found;
    if (method === 'HEAD') return;
    if (response.content === undefined) {
      if (text !== '') throw new Error(`${what} with a body, and the document has none: ${text}`);
      return;
    }
    const type = answered.headers.get('content-type')?.split(';')[0] ?? 'none';
    if (response.content[type] === undefined) throw new Error(`${what} with the content type ${type}`);
    const body = JSON.parse(text) as unknown;
    const validate = compile(`${pointer}/content/${type.replace('/', '~1')}/schema`);
    if (!validate(body)) {
      throw new Error(`${what} with what the document lacks: ${ajv.errorsText(validate.errors)}: ${text}`);
    }
    for (const code of codesIn(body)) {
      if (response['x-detail-codes']?.includes(code) === false) {
        throw new Error(
          `${what} with the detail code ${code}, which its endpoint's docs do not list: ${text}`,
        );
      }
    }
  };
}

function find(
  document: Document,
  method: string,
  pathname: string,
  status: number,
): { readonly response: Response; readonly pointer: string } | undefined {
  const template = Object.keys(document.paths).find(
    (one) => pathParams(one.slice(1), pathname) !== undefined,
  );
  const verb = method.toLowerCase();
  const operation = document.paths[template ?? '']?.[verb];
  if (template === undefined || operation === undefined) {
    // Any refusal that is listed has the envelope.
    const pointer = '/components/responses/InternalError';
    return status === 404 ? { response: nowhere, pointer } : undefined;
  }
  const response = operation.responses[status];
  if (response === undefined) return undefined;
  const name = response.$ref?.split('/').at(-1);
  const shared = document.components.responses[name ?? ''];
  if (shared !== undefined) return { response: shared, pointer: `/components/responses/${name}` };
  const escaped = encodeURIComponent(template.replaceAll('~', '~0').replaceAll('/', '~1'));
  return { response, pointer: `/paths/${escaped}/${verb}/responses/${status}` };
}

function codesIn(body: unknown): string[] {
  const details = (body as { error?: { details?: { code: string }[] } } | null)?.error?.details;
  return (details ?? []).map((detail) => detail.code);
}
