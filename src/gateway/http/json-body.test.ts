import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { firstJsonFault, parseJsonBody } from './json-body.ts';

test('what is JSON is parsed, whatever it holds', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) =>
      assert.deepEqual(parseJsonBody(Buffer.from(JSON.stringify(value))), JSON.parse(JSON.stringify(value))),
    ),
  );
});

test('what is not JSON is refused at a place in it: all before could still have become JSON', () => {
  const damaged = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '}', '"', 'x', '\u0001', '[', '01', '\\'))
    .map(
      ([text, at, put]) => `${text.slice(0, at % (text.length + 1))}${put}${text.slice((at % (text.length + 1)) + 1)}`,
    );
  const isJson = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(damaged, (text) => {
      fc.pre(!isJson(text));
      const { position } = firstJsonFault(text);
      assert.ok(position >= 0 && position <= text.length);
    }),
    { numRuns: 2000 },
  );
});

test('a million brackets are refused without exhausting the stack, and nothing of a body is repeated', () => {
  assert.equal(firstJsonFault('['.repeat(1_000_000)).position, 1_000_000);
  assert.throws(
    () => parseJsonBody(Buffer.from('{"secret": "prompt" "x"}')),
    (error) => /position 20/.test(String(error)) && !/prompt|secret/.test(String(error)),
  );
});

test('the first byte that is not UTF-8 is named', () => {
  const bytes = Buffer.concat([Buffer.from('{"é": "'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
  assert.throws(() => parseJsonBody(bytes), /not valid UTF-8: byte (8|9) /);
});
