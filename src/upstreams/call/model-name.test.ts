import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { withModelName } from './model-name.ts';

const renamed = (text: string, name = 'new/"name"'): string => withModelName(Buffer.from(text), name).toString('utf8');

test('only the model of the outermost object is renamed, and every other byte stays', () => {
  const body =
    '{ "messages" : [{"role":"user","content":"\\"model\\":\\"x\\" } é"}],\n "model" : "old" , "x":{"model":"kept"},"n":1.50}';
  assert.equal(renamed(body), body.replace('"old"', '"new/\\"name\\""'));
});

test('a model that is named twice, escaped, or no string, is decided on alike for every reader', () => {
  assert.equal(renamed('{"model":"a","mod\\u0065l":"b"}', 'm'), '{"model":"m","mod\\u0065l":"m"}');
  assert.equal(renamed('{"model":{"model":["}",1]},"a":null}', 'm'), '{"model":"m","a":null}');
  assert.equal(renamed('{"a":1}', 'm'), '{"a":1}');
  assert.equal(renamed('["model","x"]', 'm'), '["model","x"]');
});

test('whatever the body holds, it reads as before but for its model', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), fc.nat({ max: 3 }), (fields, name, space) => {
      const before = { ...fields, model: 'old', last: fields };
      const after = JSON.parse(renamed(JSON.stringify(before, null, space), name));
      assert.deepEqual(after, JSON.parse(JSON.stringify({ ...before, model: name })));
    }),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      withModelName(Buffer.from(bytes), 'm'); // ends, whatever it is given
    }),
  );
});
