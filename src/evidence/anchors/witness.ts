import type { Audit } from '../../audit/index.ts';
import { IntramurosError } from '../../base/index.ts';
import type { AnchorPost } from './post.ts';
import { AnchorFailure } from './problem.ts';
import { findCosignature, readVerifierKey, sizeOfNote, type VerifierKey } from './verifier-key.ts';

/** Somebody who keeps the newest checkpoint of this log and signs that it only grew. */
export interface Witness {
  readonly key: VerifierKey;
  /** Submission prefix, without a slash at its end. */
  readonly url: string;
}

/** What a witness is asked about: the newest checkpoint, and how to prove that it extends an older one. */
export type WitnessedLog = Pick<Audit, 'checkpoint' | 'consistency'>;

const mostProofLines = 63;
const mostReplyBytes = 64 * 1024;

/**
 * Reads the setting `auditWitnesses`: pairs of verifier key and address, separated by commas.
 * @throws {IntramurosError} `config_invalid`.
 */
export function readWitnesses(text: string): readonly Witness[] {
  const entries = text.split(',').map((entry) => entry.trim());
  const witnesses = entries.filter((entry) => entry !== '').map(readWitness);
  const names = new Set(witnesses.map(({ key }) => key.name));
  if (names.size === witnesses.length) return witnesses;
  throw new IntramurosError('config_invalid', 'The setting "auditWitnesses" names one witness twice.', {
    facts: { setting: 'auditWitnesses' },
  });
}

function readWitness(entry: string): Witness {
  const [key = '', url = '', ...rest] = entry.split(/\s+/);
  const parsed = URL.parse(url);
  if (rest.length > 0 || parsed === null || !/^https?:$/.test(parsed.protocol)) {
    const words = `The setting "auditWitnesses" wants "verifier-key https://address" for each witness, and found "${entry.slice(0, 120)}".`;
    throw new IntramurosError('config_invalid', words, { facts: { setting: 'auditWitnesses' } });
  }
  return { key: readVerifierKey(key), url: url.replace(/\/+$/, '') };
}

/**
 * Asks a witness for its cosignature of the newest checkpoint. A witness that last saw another size says which, and is asked
 * once more from there.
 *
 * @param from what it last confirmed, as far as is known; 0 when nothing is.
 * @throws {AnchorFailure}
 * @see https://c2sp.org/tlog-witness
 */
export async function askWitness(
  { key, url }: Witness,
  log: WitnessedLog,
  { from, post, nowMs }: { readonly from: number; readonly post: AnchorPost; readonly nowMs: () => number },
): Promise<{ readonly line: string; readonly atMs: number; readonly size: number }> {
  let old = from;
  for (let again = true; ; again = false) {
    const { body, note, size } = await toSubmission(log, old);
    const reply = await post(`${url}/add-checkpoint`, body, { contentType: 'text/plain', mostReplyBytes });
    const text = reply.body.toString('utf8');
    if (reply.status === 200) {
      const found = findCosignature(text.split('\n'), key, note, nowMs());
      if (found) return { ...found, size };
      throw new AnchorFailure('bad_signature', `${key.name} answered with no valid cosignature of its key ${key.id}.`);
    }
    if (reply.status !== 409) throw refusal(key.name, reply.status, text);
    old = sizeElsewhere(key.name, reply.headers['content-type'], text, { asked: old, size, again });
  }
}

async function toSubmission(log: WitnessedLog, old: number) {
  const { note, path } = await checkpointFrom(log, old);
  if (path.length > mostProofLines) throw new AnchorFailure('broken', 'The consistency proof has too many lines.');
  const lines = path.map((hash) => `${Buffer.from(hash, 'hex').toString('base64')}\n`);
  return { body: `old ${old}\n${lines.join('')}\n${note}`, note, size: sizeOfNote(note) };
}

async function checkpointFrom(log: WitnessedLog, old: number): Promise<{ note: string; path: readonly string[] }> {
  if (old === 0) return { note: (await log.checkpoint()).note, path: [] };
  const { checkpoint, path } = await log.consistency(old);
  return { note: checkpoint, path };
}

/** Where a witness that keeps another size than was said wants the proof to begin. */
function sizeElsewhere(
  name: string,
  type: string | undefined,
  text: string,
  { asked, size, again }: { readonly asked: number; readonly size: number; readonly again: boolean },
): number {
  const [, digits] = /^(0|[1-9]\d{0,15})\n$/.exec(text) ?? [];
  if (!type?.startsWith('text/x.tlog.size') || digits === undefined) {
    throw new AnchorFailure('inconsistent', `${name} keeps another root for this size: the log was forked.`);
  }
  const kept = Number(digits);
  if (kept > size) {
    const words = `${name} has seen ${kept} records and this log has ${size}: it was cut, or restored from an older copy.`;
    throw new AnchorFailure('inconsistent', words);
  }
  if (kept === asked) throw new AnchorFailure('inconsistent', `${name} keeps another root for size ${kept}.`);
  if (!again)
    throw new AnchorFailure('old_size', `${name} changed its size while it was asked; it is asked again later.`);
  return kept;
}

function refusal(name: string, status: number, text: string): AnchorFailure {
  const said = text.trim().slice(0, 120);
  const words = `${name} answered ${status}${said === '' ? '' : `: ${said}`}.`;
  if (status === 404)
    return new AnchorFailure('unknown_log', `${words} It does not know this log: give it the log's key.`);
  if (status === 422) return new AnchorFailure('inconsistent', words);
  return new AnchorFailure(status >= 500 || status === 429 ? 'away' : 'refused', words);
}
