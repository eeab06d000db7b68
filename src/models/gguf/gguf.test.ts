import assert from 'node:assert/strict';
import { mkdtemp, open, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { starterModelFile } from '../../../test/parts/starter-model.ts';
import { isIntramurosError } from '../../base/index.ts';
import {
  bytesSource,
  readGguf,
  readGgufFile,
  readModelFiles,
  summarize,
  tensorType,
  type WritableTensor,
  type WritableValue,
  writeGguf,
} from './index.ts';

const folder = await mkdtemp(join(tmpdir(), 'intramuros-gguf-'));
after(() => rm(folder, { recursive: true }));

function tensor(name: string, typeId: number, dimensions: readonly number[]): WritableTensor {
  const type = tensorType(typeId)!;
  const elements = dimensions.reduce((product, size) => product * size, 1);
  const bytes = (elements / type.blockElements) * type.blockBytes;
  return { name, type, dimensions, data: () => new Uint8Array(bytes).fill(7) };
}

async function write(name: string, extra: readonly (readonly [string, WritableValue])[] = [], tensors = plainTensors) {
  const path = join(folder, name);
  await using file = await open(path, 'w');
  const metadata = new Map<string, WritableValue>([
    ['general.architecture', { type: 'string', value: 'llama' }],
    ['llama.context_length', { type: 'u32', value: 2048 }],
    ['llama.attention.head_count_kv', { type: 'i32s', value: [2, 4, 1] }],
    ['tokenizer.ggml.tokens', { type: 'strings', value: ['a', 'é', '日本'] }],
    ['tokenizer.ggml.scores', { type: 'f32s', value: [0, -1.5, 2] }],
    ['tokenizer.ggml.add_bos_token', { type: 'bool', value: true }],
    ['big', { type: 'u64', value: 2n ** 60n }],
    ...extra,
  ]);
  await writeGguf(file, { metadata, tensors });
  return path;
}
const plainTensors = [tensor('blk.0.ffn.weight', 8, [64, 3]), tensor('blk.0.bias', 0, [5]), tensor('x', 12, [256])];

test('what is written is what is read, with sizes and offsets', async () => {
  const header = await readGgufFile(await write('plain.gguf'));
  assert.equal(header.version, 3);
  assert.equal(header.metadata.get('general.architecture'), 'llama');
  assert.equal(header.metadata.get('big'), 2n ** 60n);
  assert.deepEqual(header.metadata.get('llama.attention.head_count_kv'), {
    elementType: 'i32',
    length: 3,
    values: [2, 4, 1],
  });
  assert.deepEqual(header.metadata.get('tokenizer.ggml.tokens'), {
    elementType: 'string',
    length: 3,
    values: ['a', 'é', '日本'],
  });
  // 64 × 3 in Q8_0: 6 blocks of 34 bytes; padded to 224; 5 floats are 20 bytes; padded to 256; a Q4_K block is 144.
  assert.deepEqual(
    header.tensors.map((item) => [item.name, item.type.name, item.elements, item.sizeBytes, item.offset]),
    [
      ['blk.0.ffn.weight', 'Q8_0', 192, 204, 0],
      ['blk.0.bias', 'F32', 5, 20, 224],
      ['x', 'Q4_K', 256, 144, 256],
    ],
  );
  assert.equal(header.endOffset, header.dataOffset + 400);
});

test('the starter model is summed up to its true figures', async () => {
  const { headers } = await readModelFiles(await starterModelFile());
  const summary = summarize(headers);
  assert.equal(summary.architecture, 'llama');
  assert.equal(summary.parameterCount, 134_515_008);
  assert.equal(summary.quantization, 'Q4_1');
  assert.equal(summary.bitsPerWeight.toFixed(2), '5.74', 'far above the 5.0 of its label: its embedding is Q8_0');
  assert.equal(summary.contextTokens, 8192);
  assert.equal(summary.embeddingLength, 576);
  assert.deepEqual(summary.capabilities, ['chat', 'completion']);
  assert.equal(summary.licence, 'apache-2.0');
});

test('capabilities come from the architecture and the chat template', async () => {
  const of = async (...extra: (readonly [string, WritableValue])[]) =>
    summarize([await readGgufFile(await write('c.gguf', extra))]).capabilities;
  const template = (value: string) => ['tokenizer.chat_template', { type: 'string', value }] as const;
  assert.deepEqual(await of(), ['completion']);
  assert.deepEqual(await of(template('{{ messages }}')), ['chat', 'completion']);
  assert.deepEqual(await of(template('{% if tools %}<think>{% endif %}')), ['chat', 'completion', 'thinking', 'tools']);
  assert.deepEqual(await of(['llama.pooling_type', { type: 'u32', value: 1 }]), ['embedding']);
});

test('a file cut at any length is refused with what was wanted and where', async () => {
  const bytes = await readFile(await write('cut.gguf'));
  for (let length = 0; length < bytes.length; length += 1) {
    const error = await readGguf(bytesSource(bytes.subarray(0, length))).then(
      (header) => assert.ok(header.endOffset <= length, `cut to ${length} was accepted`),
      (error: unknown) => error,
    );
    if (error === undefined) continue;
    assert.ok(isIntramurosError(error) && error.code === 'model_file_invalid', String(error));
    assert.match(error.message, /wanted .+, found .+, at byte \d+/);
  }
});

test('any bytes, and real headers with any bytes changed, end in a header or a clear refusal, soon', async () => {
  const small = new Uint8Array(await readFile(await write('small.gguf')));
  const real = new Uint8Array((await readFile(await starterModelFile())).subarray(0, 1_800_000));
  const survives = async (bytes: Uint8Array) => {
    const startedMs = performance.now();
    await readGguf(bytesSource(bytes), { allowCut: true }).catch((error: unknown) => {
      if (!isIntramurosError(error) || error.code !== 'model_file_invalid') throw error;
    });
    assert.ok(performance.now() - startedMs < 5000, 'took too long');
  };
  const changes = (size: number) =>
    fc.array(fc.tuple(fc.nat(size - 1), fc.constantFrom(0, 1, 2, 8, 9, 127, 128, 254, 255)), {
      minLength: 1,
      maxLength: 8,
    });
  const changed = (bytes: Uint8Array, list: readonly (readonly [number, number])[]) => {
    const copy = bytes.slice();
    for (const [at, value] of list) copy[at] = value;
    return copy;
  };
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), survives), { numRuns: 300 });
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), (tail) =>
      survives(Buffer.concat([small.subarray(0, 24), tail])),
    ),
    { numRuns: 500 },
  );
  await fc.assert(
    fc.asyncProperty(changes(small.length), (list) => survives(changed(small, list))),
    { numRuns: 3000 },
  );
  await fc.assert(
    fc.asyncProperty(changes(4000), fc.nat(real.length), (list, length) =>
      survives(changed(real, list).subarray(0, Math.max(length, 1_000_000))),
    ),
    { numRuns: 60 },
  );
});

test('lengths that lie cannot take memory: a header claiming 2^60 of anything is refused at once', async () => {
  const before = process.memoryUsage().rss;
  const head = (tensors: bigint, entries: bigint, ...rest: Buffer[]) => {
    const bytes = Buffer.alloc(24);
    bytes.write('GGUF');
    bytes.writeUInt32LE(3, 4);
    bytes.writeBigUInt64LE(tensors, 8);
    bytes.writeBigUInt64LE(entries, 16);
    return Buffer.concat([bytes, ...rest]);
  };
  const u64 = (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(value);
    return bytes;
  };
  const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
  const key = Buffer.concat([u64(1n), Buffer.from('k')]);
  const lies = [
    head(2n ** 60n, 0n),
    head(0n, 2n ** 60n),
    head(0n, 1n, u64(2n ** 60n)),
    head(0n, 1n, key, u32(8), u64(2n ** 60n)),
    head(0n, 1n, key, u32(9), u32(0), u64(2n ** 60n)),
    head(0n, 1n, key, u32(9), u32(8), u64(2n ** 60n)),
    head(0n, 1n, key, u32(9), u32(9), u64(1n)),
    head(0n, 1n, key, u32(13), u64(0n)),
    head(1n, 0n, key, u32(4), u64(2n ** 40n), u64(2n ** 40n), u64(1n), u64(1n), u32(0), u64(0n)),
    head(1n, 0n, key, u32(5), u64(0n), u64(0n)),
    head(1n, 0n, key, u32(1), u64(33n), u32(2), u64(0n), u64(0n)),
    head(1n, 0n, key, u32(1), u64(32n), u32(4), u64(0n), u64(0n)),
  ];
  for (const bytes of lies) await assert.rejects(readGguf(bytesSource(bytes)), { code: 'model_file_invalid' });
  assert.ok(process.memoryUsage().rss - before < 200 * 1024 * 1024);
});

test('what is no GGUF is named: a web page, a Git LFS pointer, a safetensors file, a big-endian file', async () => {
  const of = async (bytes: Uint8Array) =>
    readGguf(bytesSource(bytes, 'x.gguf')).then(
      () => assert.fail('must be refused'),
      (error: Error) => error.message,
    );
  assert.match(await of(Buffer.from('<!DOCTYPE html><html>')), /web page/);
  assert.match(await of(Buffer.from('version https://git-lfs.github.com/spec/v1\n')), /Git LFS/);
  assert.match(await of(Buffer.from('\x10\0\0\0\0\0\0\0{"a":{}}')), /safetensors/);
  assert.match(await of(Buffer.from('{"error":"gated"}')), /JSON/);
  assert.match(await of(Buffer.alloc(64)), /zeros/);
  assert.match(await of(new Uint8Array(0)), /empty/);
  const bigEndian = Buffer.concat([Buffer.from('GGUF\0\0\0\x03'), Buffer.alloc(16)]);
  assert.match(await of(bigEndian), /big-endian/);
  assert.match(await of(Buffer.concat([Buffer.from('GGUF\x01\0\0\0'), Buffer.alloc(16)])), /version 1/);
});

test('a split model is read whole, and a missing or foreign part is named', async () => {
  const split = (no: number, tensors: WritableTensor[], total = 3) =>
    write(
      `m-0000${no + 1}-of-00002.gguf`,
      [
        ['split.no', { type: 'u32', value: no }],
        ['split.count', { type: 'u32', value: 2 }],
        ['split.tensors.count', { type: 'i32', value: total }],
      ],
      tensors,
    );
  const first = await split(0, plainTensors.slice(0, 2));
  await assert.rejects(readModelFiles(first), /m-00002-of-00002.gguf is missing/);
  const second = await split(1, plainTensors.slice(2));
  const found = await readModelFiles(second);
  assert.deepEqual(found.files, [first, second]);
  assert.equal(summarize(found.headers).parameterCount, 192 + 5 + 256);
  await split(1, []);
  await assert.rejects(readModelFiles(first), /3 tensors were wanted and 2 found/);
  await truncate(second, 100);
  await assert.rejects(readModelFiles(first), { code: 'model_file_invalid' });
});
