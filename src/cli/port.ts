import { createServer } from 'node:net';
import { IntramurosError } from '../base/index.ts';

/**
 * Finds out whether a port can be listened on, by doing so for a moment.
 * @throws {IntramurosError} `address_in_use`, `address_not_available`.
 */
export async function checkPort(host: string, port: number): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
  } catch (error) {
    throw listenFailure(error as NodeJS.ErrnoException, host, port);
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

function listenFailure(error: NodeJS.ErrnoException, host: string, port: number): IntramurosError {
  const facts = { host, port };
  if (error.code === 'EADDRINUSE') {
    return new IntramurosError(
      'address_in_use',
      `Port ${port} is taken. Stop the other program, or choose another port: --port 0 takes a free one.`,
      { cause: error, facts },
    );
  }
  return new IntramurosError(
    'address_not_available',
    error.code === 'EACCES'
      ? `Port ${port} may not be used by this user. Choose one above 1023.`
      : `${host} is no address of this machine (${error.code}). Correct the setting host.`,
    { cause: error, facts },
  );
}
