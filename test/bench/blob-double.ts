/**
 * Storage that costs nothing, for what is not about storage: an input of any size made as it is read, outputs that are
 * counted and forgotten.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { repeated, repeatedBytes, type Census } from './census-file.ts';

export type BlobDouble = {
  readonly input: { readonly url: string; readonly etag: string; readonly bytes: number };
  readonly model: { readonly url: string; readonly sha256: string; readonly bytes: number };
  readonly outputUrl: string;
  close(): Promise<void>;
};

const etag = '"1"';

/** @param bytes of the input at most, which is whole rows of `file` again and again */
export async function startBlobDouble(model: Buffer, file: Census, bytes: number): Promise<BlobDouble> {
  const inputBytes = repeatedBytes(file, bytes);
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.method === 'PUT') {
      for await (const _ of request);
      return response.writeHead(201, { etag }).end();
    }
    if (request.method === 'GET' && request.url?.startsWith('/model')) return response.end(model);
    if (request.method === 'GET' && request.headers.range === undefined) {
      response.writeHead(200, { etag, 'content-length': inputBytes });
      for (const part of repeated(file, bytes)) {
        // Not the part as a whole, which would lie in the connection's queue.
        for (let at = 0; at < part.length; at += partBytes) {
          if (!response.write(part.subarray(at, at + partBytes))) await once(response, 'drain');
        }
      }
      return response.end();
    }
    return response.writeHead(404, { 'x-ms-error-code': 'BlobNotFound' }).end();
  };
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  const url = `http://127.0.0.1:${address.port}`;
  return {
    input: { url: `${url}/input.csv`, etag, bytes: inputBytes },
    model: {
      url: `${url}/model`,
      sha256: createHash('sha256').update(model).digest('hex'),
      bytes: model.length,
    },
    outputUrl: `${url}/output.csv`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const partBytes = 1_048_576;
