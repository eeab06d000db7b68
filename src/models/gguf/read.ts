import type { ByteSource } from './byte-source.ts';
import { openFileSource } from './byte-source.ts';
import { Cursor, invalidFile } from './cursor.ts';
import { limits, MetadataReader, shorten } from './read-metadata.ts';
import { tensorType } from './tensor-types.ts';
import type { GgufHeader, GgufTensor, GgufValue } from './types.ts';

const magic = 0x46554747; // "GGUF", little endian
const tensorLimit = 1_000_000;
const defaultAlignment = 32;

/**
 * Reads and checks everything of a GGUF file before its weights.
 *
 * Covers: versions 2 and 3; any bytes at all end in a header or one `model_file_invalid`, with about 1 MiB of window and at
 * most 64 MiB of kept texts, whatever lengths the file claims. Does not cover: version 1 and big-endian files (refused in
 * words), and the weights themselves (only the checksum of a source tells whether they are right).
 *
 * @param options.allowCut true to accept a file shorter than its tensors: for the first bytes of one that is not here whole.
 */
export async function readGguf(
  source: ByteSource,
  options: { readonly allowCut?: boolean; readonly signal?: AbortSignal } = {},
): Promise<GgufHeader> {
  const cursor = new Cursor(source);
  const { version, tensorCount, entryCount } = await readPreamble(source, cursor);
  const reader = new MetadataReader(cursor, source.name);
  const metadata = new Map<string, GgufValue>();
  for (let index = 0; index < entryCount; index += 1) {
    options.signal?.throwIfAborted();
    const at = cursor.offset;
    const [key, value] = await reader.entry();
    if (metadata.has(key)) throw invalidFile(source.name, 'each metadata key once', `"${shorten(key)}" twice`, at);
    metadata.set(key, value);
  }
  const alignment = readAlignment(source, metadata, cursor.offset);
  const tensors = await readTensors(source, cursor, reader, { tensorCount, alignment });
  const dataOffset = align(cursor.offset, alignment);
  const last = tensors.at(-1);
  const endOffset = last ? dataOffset + last.offset + last.sizeBytes : cursor.offset;
  if (endOffset > source.sizeBytes && !options.allowCut) {
    const found = `a file of ${source.sizeBytes} bytes that was cut`;
    throw invalidFile(source.name, `weights up to byte ${endOffset}`, found, source.sizeBytes);
  }
  return { version, metadata, tensors, alignment, dataOffset, endOffset };
}

/** Reads the header of a file on disk. */
export async function readGgufFile(path: string, options: { readonly signal?: AbortSignal } = {}): Promise<GgufHeader> {
  await using source = await openFileSource(path);
  return await readGguf(source, options);
}

async function readPreamble(source: ByteSource, cursor: Cursor) {
  const head = new Uint8Array(Math.min(512, source.sizeBytes));
  const headBytes = head.subarray(0, await source.read(head, 0));
  await cursor.need(Math.min(4, source.sizeBytes), 'the mark "GGUF"');
  if (source.sizeBytes < 4 || cursor.u32() !== magic) {
    throw invalidFile(source.name, 'the mark "GGUF"', whatIsIt(headBytes), 0);
  }
  await cursor.need(20, 'the GGUF version and counts');
  const version = cursor.u32();
  if (version !== 0 && (version & 0xffff) === 0) {
    throw invalidFile(source.name, 'a little-endian file', 'a big-endian one, which only big-endian machines use', 4);
  }
  if (version !== 2 && version !== 3) {
    throw invalidFile(source.name, 'GGUF version 2 or 3', `version ${version}`, 4);
  }
  const tensorCount = cursor.length64();
  const entryCount = cursor.length64();
  if (tensorCount > tensorLimit) throw invalidFile(source.name, `at most ${tensorLimit} tensors`, `${tensorCount}`, 8);
  if (entryCount > limits.entries) {
    throw invalidFile(source.name, `at most ${limits.entries} metadata entries`, `${entryCount}`, 16);
  }
  return { version, tensorCount, entryCount };
}

function readAlignment(source: ByteSource, metadata: ReadonlyMap<string, GgufValue>, at: number): number {
  const value = metadata.get('general.alignment') ?? defaultAlignment;
  const isPower = typeof value === 'number' && value > 0 && value <= 2 ** 30 && Number.isInteger(Math.log2(value));
  if (!isPower) throw invalidFile(source.name, 'an alignment that is a power of two', shorten(String(value)), at);
  return value;
}

async function readTensors(
  source: ByteSource,
  cursor: Cursor,
  reader: MetadataReader,
  options: { readonly tensorCount: number; readonly alignment: number },
): Promise<GgufTensor[]> {
  const tensors: GgufTensor[] = [];
  const names = new Set<string>();
  let expectedOffset = 0;
  for (let index = 0; index < options.tensorCount; index += 1) {
    const at = cursor.offset;
    const tensor = await readTensor(source, cursor, reader, index);
    if (names.has(tensor.name)) {
      throw invalidFile(source.name, 'each tensor once', `"${shorten(tensor.name)}" twice`, at);
    }
    if (tensor.offset !== expectedOffset) {
      const wanted = `tensor "${shorten(tensor.name)}" at ${expectedOffset} of the data`;
      throw invalidFile(source.name, wanted, String(tensor.offset), at);
    }
    names.add(tensor.name);
    tensors.push(tensor);
    expectedOffset = align(expectedOffset + tensor.sizeBytes, options.alignment);
    if (expectedOffset > Number.MAX_SAFE_INTEGER)
      throw invalidFile(source.name, 'weights of a size', 'more than 2^53', at);
  }
  return tensors;
}

async function readTensor(
  source: ByteSource,
  cursor: Cursor,
  reader: MetadataReader,
  index: number,
): Promise<GgufTensor> {
  const at = cursor.offset;
  const name = await reader.text(`the name of tensor ${index}`, limits.keyBytes);
  const what = `tensor "${shorten(name)}"`;
  await cursor.need(4, `the shape of ${what}`);
  const rank = cursor.u32();
  if (rank > 4) throw invalidFile(source.name, `${what} of at most 4 dimensions`, String(rank), at);
  await cursor.need(rank * 8 + 12, `the shape of ${what}`);
  const dimensions = Array.from({ length: rank }, () => cursor.length64());
  const elements = dimensions.reduce((product, size) => product * size, 1);
  if (!(elements <= Number.MAX_SAFE_INTEGER)) throw invalidFile(source.name, `${what} of a size`, 'more than 2^53', at);
  const typeId = cursor.u32();
  const offset = cursor.length64();
  const type = tensorType(typeId);
  if (!type) throw invalidFile(source.name, `a known type of ${what}`, `type ${typeId}: a newer format?`, at);
  const row = dimensions[0] ?? 1;
  if (row % type.blockElements !== 0) {
    throw invalidFile(
      source.name,
      `rows of ${what} in blocks of ${type.blockElements} (${type.name})`,
      `rows of ${row}`,
      at,
    );
  }
  return { name, type, dimensions, elements, sizeBytes: (elements / type.blockElements) * type.blockBytes, offset };
}

/** Rounds up to a multiple. */
export function align(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

/** Names what a file really is, for the mistakes that people make. */
function whatIsIt(head: Uint8Array): string {
  const text = Buffer.from(head).toString('latin1');
  if (head.length === 0) return 'an empty file';
  if (/^\s*(<!doctype html|<html|<head)/i.test(text))
    return 'a web page: the address leads to a page and not to the file';
  if (text.startsWith('version https://git-lfs')) return 'a Git LFS pointer: fetch the real file with "git lfs pull"';
  if (text.startsWith('PK')) return 'a ZIP archive or PyTorch file: it must be converted to GGUF first';
  if (/^.{8}\{"/s.test(text)) return 'a safetensors file: it must be converted to GGUF first';
  if (/^(lmgg|fmgg|tjgg|algg)/.test(text)) return 'a GGML file of before August 2023, which nothing reads today';
  if (/^\s*[{[]/.test(text)) return 'JSON text: the address answered a message and not the file';
  if (head.every((byte) => byte === 0)) return 'zeros: the download was never filled in';
  return `the bytes ${Buffer.from(head.subarray(0, 4)).toString('hex')}`;
}
