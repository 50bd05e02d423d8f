/** Connections are accepted by the supervisor and served by the child: while no child is ready they wait instead of being refused. */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import type { ToChild } from './messages.ts';

export type Connections = {
  accept(socket: Socket): void;
  /** From now on connections go to this child, waiting ones first. */
  serveWith(child: ChildProcess): void;
  /** The child has taken over. */
  arrived(id: number): void;
  /** Until the next `serveWith` connections wait. */
  hold(): void;
  /** The child is gone: what had not arrived waits for the next. */
  childLost(): void;
  refuseAll(): void;
};

export function makeConnections(): Connections {
  const waiting = new Set<Socket>();
  const handedOver = new Map<number, Socket>();
  let child: ChildProcess | undefined;
  let lastId = 0;

  const pass = (socket: Socket): void => {
    if (child === undefined) {
      waiting.add(socket);
      return;
    }
    const id = ++lastId;
    handedOver.set(id, socket);
    const message: ToChild = { kind: 'connection', id };
    // The socket stays open here until it has arrived: a child that dies in between must not take it along.
    child.send(message, socket, { keepOpen: true }, (error) => {
      if (error !== null && handedOver.delete(id)) waiting.add(socket);
    });
  };
  return {
    accept(socket) {
      socket.on('error', () => undefined);
      pass(socket);
    },
    serveWith(next) {
      child = next;
      const sockets = [...waiting];
      waiting.clear();
      for (const socket of sockets) pass(socket);
    },
    arrived(id) {
      handedOver.get(id)?.destroy();
      handedOver.delete(id);
    },
    hold() {
      child = undefined;
    },
    childLost() {
      child = undefined;
      for (const socket of handedOver.values()) waiting.add(socket);
      handedOver.clear();
    },
    refuseAll() {
      for (const socket of [...waiting, ...handedOver.values()]) socket.destroy();
      waiting.clear();
      handedOver.clear();
    },
  };
}
