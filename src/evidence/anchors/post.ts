import { isIntramurosError } from '../../base/index.ts';
import type { AllowEntry, Egress } from '../../egress/index.ts';
import { AnchorFailure } from './problem.ts';

/** Purpose of connections to anchors, in the ledger. */
export const anchorPurpose = 'anchor';

export interface AnchorReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** Sends one request to an anchor and reads its whole answer. @throws {AnchorFailure} */
export type AnchorPost = (
  url: string,
  body: string | Buffer,
  how: { readonly contentType: string; readonly mostReplyBytes: number },
) => Promise<AnchorReply>;

const timeoutMs = 20_000;

/** The way to anchors: through the door, whole within a time. */
export function openAnchorPost(egress: Pick<Egress, 'fetch'>, signal: AbortSignal): AnchorPost {
  return async (url, body, { contentType, mostReplyBytes }) => {
    const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    try {
      const answer = await egress.fetch(url, {
        purpose: anchorPurpose,
        method: 'POST',
        headers: { 'content-type': contentType },
        body,
        redirects: 0,
        signal: within,
      });
      const parts: Buffer[] = [];
      let size = 0;
      for await (const part of answer.body as AsyncIterable<Buffer>) {
        size += part.length;
        if (size > mostReplyBytes)
          throw new AnchorFailure('broken', `The answer is longer than ${mostReplyBytes} bytes.`);
        parts.push(part);
      }
      return { status: answer.status, headers: answer.headers, body: Buffer.concat(parts) };
    } catch (error) {
      if (error instanceof AnchorFailure) throw error;
      signal.throwIfAborted();
      throw failureOf(error);
    }
  };
}

function failureOf(error: unknown): AnchorFailure {
  const words = error instanceof Error ? error.message : String(error);
  if (!isIntramurosError(error) || error.code !== 'egress_denied') {
    return new AnchorFailure('away', words, { cause: error });
  }
  return new AnchorFailure(error.facts.reason === 'offline' ? 'offline' : 'refused', words, { cause: error });
}

/** The entry of the allow-list for an anchor: an administrator named it, so it may lie in a private network. */
export function allowEntryOf(url: string): AllowEntry {
  const { hostname, port, protocol } = new URL(url);
  return {
    host: hostname,
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
    purpose: anchorPurpose,
    origin: 'setting',
    private: true,
  };
}
