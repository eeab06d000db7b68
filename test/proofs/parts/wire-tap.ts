import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A pipe to a server on loopback that keeps every byte that goes to it. */
export interface WireTap extends AsyncDisposable {
  readonly url: string;
  /** All that was sent since it was last asked for. */
  take(): string;
}

export async function openWireTap(port: number): Promise<WireTap> {
  let sent: Buffer[] = [];
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const peer = connect(port, '127.0.0.1');
    for (const socket of [client, peer]) {
      open.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => open.delete(socket));
    }
    client.on('data', (bytes: Buffer) => sent.push(bytes));
    client.pipe(peer);
    peer.pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    take() {
      const text = Buffer.concat(sent).toString('utf8');
      sent = [];
      return text;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
