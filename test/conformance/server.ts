import type { AliasBook } from '../../src/gateway/index.ts';
import { openTestGateway } from '../parts/test-gateway.ts';

/** A server that suites may do anything to: it lives in a temporary folder. */
export interface ConformanceServer extends AsyncDisposable {
  readonly address: string;
  readonly aliases: AliasBook;
  /** Model behind the aliases. */
  readonly model: string;
}

/** Names that clients insist on lead to the models at hand. */
export async function openConformanceServer(): Promise<ConformanceServer> {
  const gateway = await openTestGateway({
    aliases: { '*': 'echo|vectors', 'ft:gpt-4o-mini:acemeco:suffix:abc123': 'echo' },
    conversations: true,
    // The package asks for base64 unasked and then, in strict mode, refuses it: its own schema knows only numbers.
    embeddingEncoding: 'float',
  });
  return {
    address: gateway.address,
    aliases: gateway.rooms.aliases,
    model: 'echo',
    [Symbol.asyncDispose]: gateway.close,
  };
}
