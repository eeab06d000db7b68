import {
  appendFileSync,
  closeSync,
  existsSync,
  fdatasync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  write,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { damage } from './damage.ts';
import { parseNote } from './note.ts';
import type { Checkpoint } from './types.ts';

/** The file of signed checkpoints, one a line, and that of what witnesses and time stamps said of them. */
export interface CheckpointBook {
  readonly latest: Checkpoint | undefined;
  /** Records that the newest one covers. */
  readonly signedSize: number;
  add(checkpoint: Pick<Checkpoint, 'size' | 'root' | 'at' | 'note'>): Promise<Checkpoint>;
  /** Undefined when there is no checkpoint of that size. */
  anchor(
    size: number,
    what: { readonly cosignature: string } | { readonly timestamp: string },
  ): Promise<Checkpoint | undefined>;
  find(size: number): Checkpoint | undefined;
  close(): void;
}

interface Line {
  readonly size: number;
  readonly root: string;
  readonly at: string;
  readonly note: string;
}

interface Anchors {
  readonly cosignatures: string[];
  readonly timestamps: string[];
}

const checkpointsName = 'checkpoints.jsonl';
const anchorsName = 'anchors.jsonl';
const tailBytes = 64 << 10;
const files = {
  write: promisify(write) as (file: number, text: Buffer) => Promise<{ bytesWritten: number }>,
  flush: promisify(fdatasync),
};

/** @throws {IntramurosError} `audit_unavailable` when the last checkpoint cannot be read. */
export function openCheckpoints(folder: string): CheckpointBook {
  const path = join(folder, checkpointsName);
  const file = openSync(path, 'a+', 0o600);
  const anchors = readAnchors(join(folder, anchorsName));
  let last = readLast(path, file);
  let bytes = fstatSync(file).size;
  const whole = (line: Line): Checkpoint => {
    const { cosignatures, timestamps } = anchors.get(line.size) ?? { cosignatures: [], timestamps: [] };
    const note = line.note + cosignatures.map((one) => `${one}\n`).join('');
    return { ...line, note, cosignatures: [...cosignatures], timestamps: [...timestamps] };
  };
  const lineOf = (size: number): Line | undefined => (last?.size === size ? last : findLine(path, size));
  return {
    get latest() {
      return last && whole(last);
    },
    get signedSize() {
      return last?.size ?? 0;
    },
    async add({ size, root, at, note }) {
      const line = { size, root, at, note };
      const text = Buffer.from(`${JSON.stringify(line)}\n`);
      try {
        const { bytesWritten } = await files.write(file, text);
        if (bytesWritten < text.length)
          throw Object.assign(new Error('half of a line was written'), { code: 'ENOSPC' });
        await files.flush(file);
      } catch (error) {
        ftruncateSync(file, bytes); // half of a line would spoil the next one
        throw error;
      }
      bytes += text.length;
      last = line;
      return whole(line);
    },
    async anchor(size, what) {
      const line = lineOf(size);
      if (line === undefined) return undefined;
      if (remember(anchors, size, what))
        appendFileSync(join(folder, anchorsName), `\n${JSON.stringify({ size, ...what })}\n`, {
          mode: 0o600,
          flush: true,
        });
      return whole(line);
    },
    find(size) {
      const line = lineOf(size);
      return line && whole(line);
    },
    close: () => closeSync(file),
  };
}

/** True when it was not known. */
function remember(
  anchors: Map<number, Anchors>,
  size: number,
  { cosignature, timestamp }: { readonly cosignature?: string | undefined; readonly timestamp?: string | undefined },
): boolean {
  const found = anchors.get(size) ?? { cosignatures: [], timestamps: [] };
  anchors.set(size, found);
  const [list, text] = cosignature === undefined ? [found.timestamps, timestamp] : [found.cosignatures, cosignature];
  if (text === undefined || list.includes(text)) return false;
  list.push(text);
  return true;
}

function readAnchors(path: string): Map<number, Anchors> {
  const anchors = new Map<number, Anchors>();
  if (!existsSync(path)) return anchors;
  for (const text of readFileSync(path, 'utf8').split('\n')) {
    const line = parseLine<{ size: number; cosignature?: string; timestamp?: string }>(text);
    if (line !== undefined) remember(anchors, line.size, line); // half of a line proves nothing, as any that is not signed
  }
  return anchors;
}

/** The last whole line; half of one, left by a process that was killed, is cut off. */
function readLast(path: string, file: number): Line | undefined {
  const { size } = fstatSync(file);
  const from = Math.max(0, size - tailBytes);
  const tail = Buffer.alloc(size - from);
  readSync(file, tail, 0, tail.length, from);
  const end = tail.lastIndexOf('\n') + 1;
  if (from + end < size) ftruncateSync(file, from + end);
  const text = tail.subarray(0, end).toString('utf8').trimEnd().split('\n').at(-1) ?? '';
  if (text === '') return undefined;
  const line = parseLine<Line>(text);
  if (line === undefined || parseNote(line.note) === undefined) throw damage(path, 'its last line is no checkpoint');
  return line;
}

function findLine(path: string, size: number): Line | undefined {
  const text = readFileSync(path, 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`{"size":${size},`));
  return text === undefined ? undefined : parseLine<Line>(text);
}

function parseLine<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined; // the caller says which file it is
  }
}
