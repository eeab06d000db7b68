import { createHash, type X509Certificate } from 'node:crypto';
import type { AnchorPost } from '../anchors/post.ts';
import { AnchorFailure } from '../anchors/problem.ts';
import { noteBody } from '../anchors/verifier-key.ts';
import { timestampRequest } from './request.ts';
import { looksLikeDer, TimestampError, type TimestampToken, tokenOf, verifyToken } from './verify-token.ts';

const mostReplyBytes = 256 * 1024;

/** What a timestamp of a checkpoint is over: SHA-256 of the lines that the log signs. */
export const checkpointDigest = (note: string): Buffer => createHash('sha256').update(noteBody(note)).digest();

/**
 * Asks a timestamp authority to date a checkpoint.
 * @returns the token in base64, and what it says.
 * @throws {AnchorFailure}
 */
export async function askAuthority(
  url: string,
  note: string,
  { post, trusted }: { readonly post: AnchorPost; readonly trusted: readonly X509Certificate[] },
): Promise<TimestampToken & { readonly token: string }> {
  const digest = checkpointDigest(note);
  const { body, nonce } = timestampRequest(digest);
  const reply = await post(url, body, { contentType: 'application/timestamp-query', mostReplyBytes });
  if (reply.status !== 200) {
    throw new AnchorFailure(
      reply.status >= 500 || reply.status === 429 ? 'away' : 'refused',
      `It answered ${reply.status}.`,
    );
  }
  if (!looksLikeDer(reply.body)) throw new AnchorFailure('broken', 'It answered with something that is no timestamp.');
  try {
    const token = tokenOf(reply.body);
    return { ...verifyToken(token, { digest, nonce, trusted }), token: token.toString('base64') };
  } catch (error) {
    if (!(error instanceof TimestampError)) throw error;
    throw new AnchorFailure(error.problem, `Its timestamp is not valid: ${error.message}.`, { cause: error });
  }
}
