import type { Socket } from 'node:net';

const open = new Set<Socket>();

/** Remembers a socket that the door opened, from its first moment to its end. */
export function doorSocket<S extends Socket>(socket: S): S {
  open.add(socket);
  socket.once('close', () => open.delete(socket));
  return socket;
}

/** Local ports of the door's connections, for comparison with the kernel's table. */
export function doorPorts(): ReadonlySet<number> {
  return new Set([...open].flatMap((socket) => (socket.connecting ? [] : (socket.localPort ?? []))));
}
