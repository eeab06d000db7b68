import { Agent, createServer, request } from 'node:http';

/** The least a proxy does in the same runtime: it hands bytes on and looks at nothing. Ends with its parent. */
const agent = new Agent({ keepAlive: true, maxSockets: 1024 });
const upstreamPort = Number(process.argv[2]);

const server = createServer((incoming, outgoing) => {
  const { method, url, headers } = incoming;
  const onward = request({ host: '127.0.0.1', port: upstreamPort, method, path: url, headers, agent }, (reply) => {
    outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
    reply.pipe(outgoing);
  });
  onward.on('error', () => outgoing.destroy());
  outgoing.on('close', () => onward.destroy());
  incoming.pipe(onward);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 });
});
process.on('disconnect', () => process.exit(0));
