/** A reply as the Functions library takes it: bytes, their length, and the headers that every reply carries. */
import type { HttpResponseInit } from '@azure/functions';
import type { Reply } from './reply.ts';

export type Origin = {
  readonly method: string;
  readonly requestId: string;
  /** Echoed, when it is a plain text of at most 128 characters. */
  readonly clientRequestId: string | null;
};

export function toResponse(reply: Reply, origin: Origin): HttpResponseInit {
  const headers: Record<string, string> = { 'x-ms-request-id': origin.requestId, ...reply.headers };
  if (origin.clientRequestId !== null && /^[\x20-\x7e]{1,128}$/.test(origin.clientRequestId)) {
    headers['x-ms-client-request-id'] = origin.clientRequestId;
  }
  // A HEAD reply has no body; a length without one must not make anybody wait.
  const text = origin.method === 'HEAD' ? '' : textOf(reply);
  if (reply.kind !== 'empty') {
    headers['content-type'] ??= reply.kind === 'json' ? 'application/json; charset=utf-8' : reply.contentType;
    headers['x-content-type-options'] = 'nosniff';
  }
  // Without it the reply is chunked; a 204 may not have one.
  if (reply.status !== 204) headers['content-length'] = String(Buffer.byteLength(text));
  return { status: reply.status, headers, ...(text === '' ? {} : { body: text }) };
}

function textOf(reply: Reply): string {
  switch (reply.kind) {
    case 'json':
      return JSON.stringify(reply.json);
    case 'text':
      return reply.text;
    case 'empty':
      return '';
  }
}
