import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { endsInThinking, findThinkingTags, openThinkingSplitter } from './thinking.ts';
import type { ThinkingTags } from './types.ts';

const tags = { open: '<think>', close: '</think>' };

/** What a splitter makes of pieces, neighbours of one kind joined. */
function split(pieces: readonly string[], startsInThinking = false, withTags: ThinkingTags | null = tags) {
  const splitter = openThinkingSplitter(withTags ?? undefined, startsInThinking);
  const out = [...pieces.flatMap((piece) => splitter.push(piece)), ...splitter.flush()];
  const of = (kind: string) =>
    out
      .filter((piece) => piece.kind === kind)
      .map((piece) => piece.text)
      .join('');
  return { thinking: of('thinking'), text: of('text') };
}

test('thinking between the tags is told from the answer, without the space beside the tags', () => {
  assert.deepEqual(split(['<think>\nWell, 2 + 2.\n</think>\n\nFour.']), { thinking: 'Well, 2 + 2.', text: 'Four.' });
  assert.deepEqual(split(['so\n\n', '</th', 'ink>\n', '\nFour.'], true), { thinking: 'so', text: 'Four.' });
});

test('an answer that speaks of the tags keeps them', () => {
  assert.deepEqual(split(['Use <think>x</think> so.']), { thinking: '', text: 'Use <think>x</think> so.' });
  assert.deepEqual(split(['<think>a</think>Use <think>b</think>.']), { thinking: 'a', text: 'Use <think>b</think>.' });
});

test('without tags, text passes at once and unchanged', () => {
  const splitter = openThinkingSplitter(undefined);
  assert.deepEqual(splitter.push('\n <think>'), [{ kind: 'text', text: '\n <think>' }]);
});

test('an answer cut inside a tag or a thought loses nothing but the space', () => {
  assert.deepEqual(split(['<think>half a tho']), { thinking: 'half a tho', text: '' });
  assert.deepEqual(split(['<think>end</thi']), { thinking: 'end</thi', text: '' });
  assert.deepEqual(split(['<thi']), { thinking: '', text: '<thi' });
});

test('text is held back only while it may be a tag', () => {
  const splitter = openThinkingSplitter(tags, true);
  assert.deepEqual(splitter.push('a < b'), [{ kind: 'thinking', text: 'a < b' }]);
  assert.deepEqual(splitter.push(' </'), []);
  assert.deepEqual(splitter.push('b>'), [{ kind: 'thinking', text: ' </b>' }]);
});

test('however the text is cut into pieces, the parts are the same', () => {
  const text = fc
    .array(fc.constantFrom('<think>', '</think>', '<', '/', 'think', '>', '\n', ' ', 'a', 'é', '🙂'), { maxLength: 20 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, fc.boolean(), fc.array(fc.nat(4), { minLength: 1 }), (whole, startsInThinking, sizes) => {
      const pieces: string[] = [];
      for (let at = 0, turn = 0; at < whole.length; turn += 1) {
        const size = (sizes[turn % sizes.length] ?? 0) + 1;
        pieces.push(whole.slice(at, at + size));
        at += size;
      }
      assert.deepEqual(split(pieces, startsInThinking), split([whole], startsInThinking));
      assert.deepEqual(split([...whole], false, null), { thinking: '', text: whole });
    }),
    { numRuns: 500 },
  );
});

test('on channels, an answer without thinking loses its mark too', () => {
  const channels = findThinkingTags("{{ '<|channel|>analysis<|message|>' }}");
  assert.ok(channels);
  assert.deepEqual(split(['<|channel|>', 'final', '<|message|>', 'Hello'], false, channels), {
    thinking: '',
    text: 'Hello',
  });
  const thought = '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Hello';
  assert.deepEqual(split([...thought], false, channels), { thinking: 'Hm.', text: 'Hello' });
});

test('tags are found in the template, by the family they belong to', () => {
  assert.deepEqual(findThinkingTags("{{ content.split('</think>')[-1] }}"), tags);
  assert.equal(findThinkingTags('[THINK]{{ x }}[/THINK]')?.close, '[/THINK]');
  assert.equal(findThinkingTags('<|im_start|>{{ role }}'), undefined);
  assert.ok(endsInThinking('<|im_start|>assistant\n<think>\n', tags));
  assert.ok(!endsInThinking('<think>\n\n</think>\n\n', tags));
});
