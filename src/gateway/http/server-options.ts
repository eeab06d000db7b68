import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../../base/index.ts';
import type { GatewayRooms } from '../rooms.ts';
import type { Endpoint } from './endpoint.ts';
import type { GuardOptions } from './guard.ts';
import type { StreamLimits } from './stream-writer.ts';

/** How the server of the routes behaves. */
export interface ServerOptions {
  readonly endpoints: readonly Endpoint[];
  readonly rooms: GatewayRooms;
  readonly log: Logger;
  readonly guard: GuardOptions;
  readonly consoleToken: string | undefined;
  readonly onConsole?: (() => void) | undefined;
  readonly trustedProxies: readonly string[];
  /** Address under which people reach the page, without a slash at the end. */
  readonly publicUrl?: string | undefined;
  readonly bodyLimitBytes: number;
  /** `always` fails a reply that does not fit its schema (tests); `sampled` counts one in 256. */
  readonly replies: 'always' | 'sampled';
  readonly streams?: StreamLimits;
  /** Serves what no operation does: the page. Returns false when it has nothing either. */
  readonly fallback?: (request: FastifyRequest, reply: FastifyReply) => Promise<boolean>;
}
