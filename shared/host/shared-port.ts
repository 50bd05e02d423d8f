/**
 * A listening port that outlives the process which serves it: the supervisor holds it without accepting, one child
 * after the other accepts from it, and while there is none connections wait in the operating system instead of being
 * refused.
 */
import type { SendHandle } from 'node:child_process';
import net from 'node:net';
import { HostRefusal, refuse } from './refusal.ts';

export type SharedPort = {
  readonly port: number;
  /** Sent to a child, which gives it to `server.listen`. */
  readonly handle: SendHandle;
  /** Once the child has let go of it too, connections are refused. */
  close(): void;
};

type TcpHandle = { getsockname(into: { port?: number }): number; close(): void };

/** What `node:cluster` shares a port with; `net.Server` would begin to accept at once. */
const bind = Reflect.get(net, '_createServerHandle') as (
  address: string,
  port: number,
  family: 4,
) => TcpHandle | number;

/** @param port 0 = any free one
 * @throws HostRefusal when it is taken, or this user may not have it */
export function openPort(port: number): SharedPort {
  const handle = bind('127.0.0.1', port, 4);
  if (typeof handle === 'number') {
    // Only now, since node:util is the better part of what an idle supervisor would weigh.
    const { getSystemErrorName } = process.getBuiltinModule('node:util');
    refuse(`port ${port} cannot be had (${getSystemErrorName(handle)}): choose another port`);
  }
  const bound: { port?: number } = {};
  // A port that is taken shows only here: the handle is bound to none then.
  if (handle.getsockname(bound) !== 0 || !bound.port) {
    handle.close();
    throw portTaken(port);
  }
  return { port: bound.port, handle: handle as unknown as SendHandle, close: () => handle.close() };
}

/** Also for whoever learns it only when it begins to listen: two may hold the same port before either does. */
export function portTaken(port: number): HostRefusal {
  return new HostRefusal(`port ${port} is taken by another program: stop it, or choose another port`);
}
