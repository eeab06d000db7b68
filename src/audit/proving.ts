import { type Clock, IntramurosError, type Logger } from '../base/index.ts';
import type { CheckpointBook } from './checkpoints.ts';
import { damage } from './damage.ts';
import { leafHash } from './merkle.ts';
import { isSignedBy, type NoteSigner, parseNote } from './note.ts';
import { stubHash } from './stub.ts';
import type { Tree } from './tree.ts';
import type { Checkpoint, ConsistencyProof, InclusionProof } from './types.ts';

export interface ProvingOptions {
  readonly folder: string;
  readonly tree: Tree;
  readonly book: CheckpointBook;
  readonly signer: NoteSigner;
  /** Every verifier key that this log ever had. */
  readonly keys: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Records on the disk. */
  size(): number;
  /** Puts the hashes of all records on the disk into the tree. */
  settleTree(): void;
  /** The exact line of a record; undefined when it is kept no more. */
  lineOf(seq: number): Promise<Buffer | undefined>;
}

/** Checkpoints and proofs over the tree. */
export interface Proving {
  checkpoint(): Promise<Checkpoint>;
  prove(seq: number): Promise<InclusionProof>;
  consistency(fromSize: number): Promise<ConsistencyProof>;
  onCheckpoint(listener: (checkpoint: Checkpoint) => void): () => void;
}

/** @throws {IntramurosError} `audit_unavailable` when the record does not give the root that its last checkpoint signed. */
export function openProving(options: ProvingOptions): Proving {
  const { folder, tree, book, signer, clock, log, size, settleTree } = options;
  checkLast(options);
  const listeners = new Set<(checkpoint: Checkpoint) => void>();
  let making: Promise<Checkpoint> | undefined;

  const tell = (checkpoint: Checkpoint): void => {
    for (const listener of listeners) {
      try {
        listener(checkpoint);
      } catch (error) {
        log.error({ err: error, folder }, 'whoever waited for a checkpoint failed');
      }
    }
  };

  const make = async (): Promise<Checkpoint> => {
    settleTree();
    const covered = tree.size;
    if (book.latest?.size === covered) return book.latest;
    const root = tree.rootAt(covered);
    await tree.flush();
    const text = `${signer.name}\n${covered}\n${root.toString('base64')}\n`;
    const note = `${text}\n${signer.sign(text)}\n`;
    const made = await book.add({
      size: covered,
      root: root.toString('hex'),
      at: new Date(clock.now()).toISOString(),
      note,
    });
    tell(made);
    return made;
  };

  const checkpoint = async (): Promise<Checkpoint> => {
    while (making !== undefined) await making.catch(() => undefined); // who asked for that one hears of it
    making = make();
    try {
      return await making;
    } finally {
      making = undefined;
    }
  };

  const covering = async (wanted: number): Promise<Checkpoint> =>
    book.latest !== undefined && book.latest.size >= wanted ? book.latest : checkpoint();

  return {
    checkpoint,
    async prove(seq) {
      if (!Number.isSafeInteger(seq) || seq < 0 || seq >= size()) throw unknown(`There is no record ${seq}.`);
      const { size: covered, note } = await covering(seq + 1);
      const line = await options.lineOf(seq);
      if (line === undefined || stubHash(line) !== undefined) throw unknown(`Record ${seq} is kept no more.`);
      const leaf = tree.leaf(seq);
      if (!leafHash(line).equals(leaf))
        throw damage(folder, `the line of number ${seq} is not the one that was hashed`);
      const path = hexOf(tree.inclusion(seq, covered));
      return { seq, line: line.toString('utf8'), leafHash: leaf.toString('hex'), path, checkpoint: note };
    },
    async consistency(fromSize) {
      if (!Number.isSafeInteger(fromSize) || fromSize < 0 || fromSize > size())
        throw unknown(`This record never had ${fromSize} records.`);
      const { size: covered, note } = await covering(fromSize);
      return { fromSize, path: hexOf(tree.consistency(fromSize, covered)), checkpoint: note };
    },
    onCheckpoint(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

const hexOf = (hashes: readonly Buffer[]): string[] => hashes.map((hash) => hash.toString('hex'));

const unknown = (words: string): IntramurosError => new IntramurosError('not_found', words);

/** The record that is on the disk must be the one that was signed last. */
function checkLast({ folder, tree, book: { latest }, keys, size }: ProvingOptions): void {
  if (latest === undefined) return;
  const note = parseNote(latest.note);
  if (note === undefined || !keys.some((key) => isSignedBy(note, key)))
    throw damage(folder, `its checkpoint of ${latest.size} records is not signed by its key`);
  if (latest.size > size())
    throw damage(folder, `it had ${latest.size} records at ${latest.at}, and ${size()} are left`);
  const [, signedSize, root] = note.text.split('\n');
  if (Number(signedSize) !== latest.size || tree.rootAt(latest.size).toString('base64') !== root)
    throw damage(folder, `its first ${latest.size} records are not those that were signed at ${latest.at}`);
}
