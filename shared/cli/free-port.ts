/** Which ports of 127.0.0.1 can be had. Somebody may take one right after: whoever listens must still look. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** `wanted` when nothing listens there, otherwise any free port; 0 = any. */
export async function freePort(wanted = 0): Promise<number> {
  return (await tryPort(wanted)) ?? (await freePort());
}

/** The port when it is free, undefined when it is taken. */
export async function tryPort(wanted: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen(wanted, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' || code === 'EACCES') return undefined;
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
