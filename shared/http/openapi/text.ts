/** `GET /openapi.json`: made once per process, at the first call, since every function has been registered by then. */
import { declared } from '../operation.ts';
import { openApiDocument } from './document.ts';

let rest: string | undefined;

/** @param origin scheme and host that the caller used, no slash at the end */
export function openApiText(origin: string): string {
  rest ??= JSON.stringify(openApiDocument(declared)).slice(1);
  return `{"servers":[{"url":${JSON.stringify(origin)}}],${rest}`;
}
