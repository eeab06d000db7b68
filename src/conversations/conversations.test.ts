import assert from 'node:assert/strict';
import { type DatabasePlace, onEachDatabase } from '../../test/parts/databases.ts';
import { openTestKeyring } from '../../test/parts/keyring.ts';
import { silentLog } from '../base/index.ts';
import { internalLabel, type Label } from '../policy/index.ts';
import type { Database } from '../store/index.ts';
import { type ConversationRoom, type Conversations, openConversations, siblings } from './index.ts';

async function opened(
  place: DatabasePlace,
): Promise<{ database: Database; room: ConversationRoom; store: Conversations } & AsyncDisposable> {
  const database = await place.open();
  const room = await openConversations({
    database,
    keyring: await openTestKeyring(database, place.home),
    log: silentLog(),
  });
  const store = room.of('me');
  return { database, room, store, [Symbol.asyncDispose]: () => database.close() };
}

const run = { runId: 'run_1', model: 'tiny', mark: { label: internalLabel, sources: [] } };

const sensitive: Label = { level: 'SENSIBLE', mentions: ['PII'], compartments: [] };

async function exchange(store: Conversations, conversationId: string, content: string, reply: string, under?: string) {
  const begun = await store.begin({ kind: 'ask', conversationId, parentId: under, content }, run);
  await store.finish(begun.messageId, { content: reply, status: 'complete', endedBy: 'stop' });
  return { questionId: begun.userMessageId as string, answerId: begun.messageId, begun };
}

onEachDatabase('conversations', (promise) => {
  promise('a question and its answer are kept, and the question gives the title', async (place) => {
    await using here = await opened(place);
    const { id, title } = await here.store.create();
    assert.equal(title, '');
    const { begun } = await exchange(
      here.store,
      id,
      '## Quel est le délai de rétractation ?\nMerci',
      'Quatorze jours.',
    );
    assert.equal(begun.title, 'Quel est le délai de rétractation ?');
    assert.deepEqual(
      begun.history.map(({ role, content }) => [role, content]),
      [['user', '## Quel est le délai de rétractation ?\nMerci']],
    );
    const [question, answer] = await here.store.messages(id);
    assert.equal(answer?.parentId, question?.id);
    assert.equal(answer?.content, 'Quatorze jours.');
    assert.equal(answer?.status, 'complete');
    const conversation = await here.store.get(id);
    assert.equal(conversation.messageCount, 2);
    assert.equal(conversation.activeLeafId, answer?.id);
    assert.equal(conversation.model, 'tiny');
  });

  promise('editing and asking again make siblings; each branch has only its own history', async (place) => {
    await using here = await opened(place);
    const { id } = await here.store.create();
    const first = await exchange(here.store, id, 'one', 'answer one');
    const second = await exchange(here.store, id, 'two', 'answer two', first.answerId);
    const edited = await exchange(here.store, id, 'two, edited', 'answer to the edit', first.answerId);
    const again = await here.store.begin({ kind: 'regenerate', conversationId: id, messageId: second.questionId }, run);
    assert.equal(again.userMessageId, undefined);
    assert.deepEqual(
      again.history.map(({ content }) => content),
      ['one', 'answer one', 'two'],
    );
    assert.deepEqual(
      edited.begun.history.map(({ content }) => content),
      ['one', 'answer one', 'two, edited'],
    );
    const tree = await here.store.messages(id);
    const message = (messageId: string) => tree.find((other) => other.id === messageId)!;
    assert.deepEqual(
      siblings(tree, message(second.questionId)).map((other) => other.id),
      [second.questionId, edited.questionId],
    );
    assert.deepEqual(
      siblings(tree, message(second.answerId)).map((other) => other.id),
      [second.answerId, again.messageId],
    );
  });

  promise('deleting a message deletes what follows from it, and another branch is shown', async (place) => {
    await using here = await opened(place);
    const { id } = await here.store.create();
    const first = await exchange(here.store, id, 'one', 'answer one');
    const second = await exchange(here.store, id, 'two', 'answer two', first.answerId);
    await exchange(here.store, id, 'three', 'answer three', second.answerId);
    await here.store.removeMessage(id, second.questionId);
    assert.equal((await here.store.messages(id)).length, 2);
    const conversation = await here.store.get(id);
    assert.equal(conversation.messageCount, 2);
    assert.equal(conversation.activeLeafId, first.answerId);
    await assert.rejects(here.store.message(id, second.answerId), { code: 'message_not_found' });
    await here.store.removeMessage(id, first.questionId);
    assert.equal((await here.store.get(id)).activeLeafId, undefined);
  });

  promise('an answer in the making is saved as it grows, and marked when the program ended under it', async (place) => {
    const conversationId = await (async () => {
      await using here = await opened(place);
      const { id } = await here.store.create();
      const { messageId } = await here.store.begin(
        { kind: 'ask', conversationId: id, parentId: undefined, content: 'Count.' },
        run,
      );
      assert.equal(await here.store.grow(messageId, { content: 'one, two', thinking: 'easy' }), true);
      return id;
    })();
    await using again = await opened(place);
    const answer = (await again.store.messages(conversationId)).at(-1);
    assert.equal(answer?.status, 'interrupted');
    assert.equal(answer?.content, 'one, two');
    assert.equal(answer?.thinking, 'easy');
    assert.equal(await again.store.grow(answer?.id ?? '', { content: 'late' }), false);
  });

  promise('a cut answer is continued in its own message, by one writer at a time', async (place) => {
    await using here = await opened(place);
    const { id } = await here.store.create();
    const { answerId } = await exchange(here.store, id, 'Count.', 'one,');
    const more = { kind: 'continue', conversationId: id, messageId: answerId } as const;
    const begun = await here.store.begin(more, { ...run, runId: 'run_2' });
    assert.deepEqual(
      begun.history.map(({ content }) => content),
      ['Count.', 'one,'],
    );
    await assert.rejects(here.store.begin(more, run), { code: 'conflict' });
    await here.store.finish(answerId, { content: 'one, two', status: 'complete', endedBy: 'stop' });
    assert.equal((await here.store.messages(id)).length, 2);
    assert.equal((await here.store.message(id, answerId)).content, 'one, two');
  });

  promise('the end of an answer keeps its figures, thinking and failure', async (place) => {
    await using here = await opened(place);
    const { id } = await here.store.create();
    const { messageId } = await here.store.begin(
      { kind: 'ask', conversationId: id, parentId: undefined, content: 'Why?' },
      run,
    );
    const end = {
      content: 'Beca',
      thinking: 'Hm',
      thinkingMs: 12,
      status: 'failed',
      endedBy: 'failed',
      error: { code: 'engine_crashed', message: 'It ended.' },
      usage: {
        promptTokens: 3,
        cachedPromptTokens: 1,
        completionTokens: 2,
        timeToFirstTokenMs: 4,
        tokensPerSecond: 5.5,
        contextTokens: 5,
      },
      provenance: {
        model: 'tiny',
        tier: 'embedded',
        destinationId: 'embedded',
        destinationTitle: 'Intramuros',
        country: null,
        decisionId: null,
        costMicros: null,
        currency: null,
        quantization: 'Q4_1',
        tuned: false,
        bytesSent: 0,
      },
    } as const;
    assert.equal(await here.store.finish(messageId, end), true);
    const kept = await here.store.message(id, messageId);
    for (const [name, value] of Object.entries(end)) assert.deepEqual(kept[name as keyof typeof kept], value, name);
    await here.store.removeMessage(id, messageId);
    assert.equal(await here.store.finish(messageId, end), false);
  });

  promise('search folds accents, knows French forms, finds beginnings and shows the passage', async (place) => {
    await using here = await opened(place);
    const contract = await here.store.create();
    await exchange(
      here.store,
      contract.id,
      'Résume ce contrat',
      'Les clauses de confidentialité engagent les salariés.',
    );
    const other = await here.store.create({ title: 'Recette de la crème brûlée' });
    await exchange(here.store, other.id, 'How long in the oven?', 'Forty minutes.');
    const find = async (q: string) => (await here.store.list({ q })).conversations.map(({ id }) => id);
    assert.deepEqual(await find('resume'), [contract.id], 'accents');
    assert.deepEqual(await find('RÉSUMÉ contrats'), [contract.id], 'forms of two words');
    assert.deepEqual(await find('salarie'), [contract.id]);
    assert.deepEqual(await find('confidentialit'), [contract.id], 'a beginning longer than the stem');
    assert.deepEqual(await find('brulée'), [other.id], 'titles');
    assert.deepEqual(await find('min'), [other.id], 'English too');
    assert.deepEqual(await find('contrat oven'), [], 'all words');
    assert.deepEqual(await find('!!'), []);
    assert.deepEqual(await find(`' | : & * ( <-> \\`), []);
    assert.deepEqual(await find(`d'accord:* & (`), []);
    const [found] = (await here.store.list({ q: 'clause' })).conversations;
    assert.match(found?.snippet ?? '', /clauses de confidentialité/);
  });

  promise('pages follow one another without a gap or a repeat', async (place) => {
    await using here = await opened(place);
    const made: string[] = [];
    for (let n = 0; n < 25; n += 1) made.unshift((await here.store.create({ title: `n° ${n}` })).id);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await here.store.list({ limit: 7, cursor });
      seen.push(...page.conversations.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    assert.deepEqual(seen, made);
    await assert.rejects(here.store.list({ cursor: 'bm90IG91cnM' }), { code: 'invalid_request' });
    for (const limit of [0, -1, 101, 1.5]) {
      await assert.rejects(here.store.list({ limit }), { code: 'invalid_request' });
    }
  });

  promise('renaming keeps the name; looking at another branch does not move the conversation', async (place) => {
    await using here = await opened(place);
    const { id } = await here.store.create();
    const first = await exchange(here.store, id, 'one', 'a');
    const edited = await exchange(here.store, id, 'one, edited', 'b');
    const renamed = await here.store.update(id, { title: '  Mon  titre\n' });
    assert.equal(renamed.title, 'Mon titre');
    assert.equal(renamed.titleOrigin, 'person');
    const looked = await here.store.update(id, { activeLeafId: first.questionId });
    assert.equal(looked.activeLeafId, first.answerId);
    assert.equal(looked.updatedAt, renamed.updatedAt);
    assert.notEqual(edited.answerId, first.answerId);
    await exchange(here.store, id, 'later', 'c', first.answerId);
    assert.equal((await here.store.get(id)).title, 'Mon titre');
    await assert.rejects(here.store.update(id, { title: ' ' }), { code: 'invalid_request' });
    await assert.rejects(here.store.update(id, { title: 'x'.repeat(201) }), { code: 'invalid_request' });
  });

  promise('what is not there or not fit is refused, and leaves nothing', async (place) => {
    await using here = await opened(place);
    const { id } = await here.store.create();
    const { questionId } = await exchange(here.store, id, 'one', 'a');
    const ask = (values: object) =>
      here.store.begin({ kind: 'ask', conversationId: id, parentId: undefined, content: 'x', ...values }, run);
    await assert.rejects(here.store.get('conv_none'), { code: 'conversation_not_found' });
    await assert.rejects(here.store.messages('conv_none'), { code: 'conversation_not_found' });
    await assert.rejects(here.store.remove('conv_none'), { code: 'conversation_not_found' });
    await assert.rejects(here.store.branch(id, 'msg_none'), { code: 'message_not_found' });
    await assert.rejects(ask({ conversationId: 'conv_none' }), { code: 'conversation_not_found' });
    await assert.rejects(ask({ parentId: 'msg_none' }), { code: 'message_not_found' });
    await assert.rejects(ask({ parentId: questionId }), { code: 'invalid_request' });
    await assert.rejects(ask({ content: ' \n' }), { code: 'invalid_request' });
    await assert.rejects(ask({ content: 'é'.repeat(2_200_000) }), { code: 'payload_too_large' });
    assert.equal((await here.store.messages(id)).length, 2);
    assert.equal((await here.store.get(id)).messageCount, 2);
  });

  promise('text that a database cannot hold is kept readable', async (place) => {
    await using here = await opened(place);
    const { id } = await here.store.create();
    const { questionId } = await exchange(here.store, id, 'a\0b \ud800 c', `${'long '.repeat(120_000)}end`);
    assert.equal((await here.store.message(id, questionId)).content, 'a\uFFFDb \uFFFD c');
    assert.equal((await here.store.messages(id))[1]?.content.length, 600_003);
  });

  promise('removing a conversation removes its messages', async (place) => {
    await using here = await opened(place);
    const { id } = await here.store.create();
    await exchange(here.store, id, 'one', 'a');
    await here.store.remove(id);
    assert.deepEqual([...(await here.database.query('SELECT id FROM messages'))], []);
  });

  promise('an export holds every branch, and thinking only when asked', async (place) => {
    await using here = await opened(place);
    const { id } = await here.store.create({ title: 'Essai' });
    const first = await exchange(here.store, id, 'one', 'answer one');
    await exchange(here.store, id, 'two', 'answer two', first.answerId);
    const { messageId } = await here.store.begin(
      { kind: 'regenerate', conversationId: id, messageId: first.questionId },
      run,
    );
    await here.store.finish(messageId, {
      content: 'another',
      thinking: 'secret',
      status: 'stopped',
      endedBy: 'cancelled',
    });
    const markdown = await here.store.export(id, { format: 'markdown', language: 'fr' });
    assert.match(markdown, /^---\nlabel: "INTERNE"\n---\n\n# Essai\n/);
    assert.deepEqual(
      [...markdown.matchAll(/^## .*$/gm)].map(([line]) => line),
      [
        '## 1. Question',
        '## 2. Réponse (version 1 sur 2)',
        '## 3. Question',
        '## 4. Réponse',
        '## 5. Réponse (version 2 sur 2, arrêtée)',
      ],
    );
    assert.match(markdown, /\*Suit le message 1\.\*\n\nanother/);
    assert.doesNotMatch(markdown, /secret/);
    const json = JSON.parse(await here.store.export(id, { format: 'json' }));
    assert.equal(json.messages.length, 5);
    assert.doesNotMatch(JSON.stringify(json), /secret/);
    assert.match(await here.store.export(id, { format: 'markdown', thinking: true }), /> secret/);
  });

  promise('nobody finds, changes, writes into, exports or deletes what is another’s', async (place) => {
    await using here = await opened(place);
    const mine = here.store;
    const theirs = here.room.of('you');
    const { id } = await mine.create();
    const { questionId, answerId } = await exchange(mine, id, 'Un secret bien gardé', 'Oui.');
    const target = { conversationId: id, messageId: questionId };
    const ways: readonly [name: string, way: (of: Conversations, id: string) => Promise<unknown>][] = [
      ['get', (of, at) => of.get(at)],
      ['messages', (of, at) => of.messages(at)],
      ['message', (of, at) => of.message(at, answerId)],
      ['branch', (of, at) => of.branch(at, answerId)],
      ['update', (of, at) => of.update(at, { title: 'Mine now' })],
      ['raise', (of, at) => of.update(at, { raise: { label: sensitive, sources: [] } })],
      ['export', (of, at) => of.export(at, { format: 'json' })],
      ['removeMessage', (of, at) => of.removeMessage(at, answerId)],
      ['ask', (of, at) => of.begin({ kind: 'ask', conversationId: at, parentId: answerId, content: 'x' }, run)],
      ['regenerate', (of, at) => of.begin({ ...target, kind: 'regenerate', conversationId: at }, run)],
      ['continue', (of, at) => of.begin({ kind: 'continue', conversationId: at, messageId: answerId }, run)],
      ['remove', (of, at) => of.remove(at)],
    ];
    for (const [name, way] of ways) {
      const words = async (at: string): Promise<string> =>
        way(theirs, at).then(
          () => assert.fail(`${name} reached ${at}`),
          (error: { code: string; message: string }) => `${error.code} ${error.message.replaceAll(at, 'ID')}`,
        );
      assert.equal(await words(id), await words('conv_none'), name);
    }
    assert.deepEqual((await theirs.list()).conversations, []);
    assert.deepEqual((await theirs.list({ q: 'secret' })).conversations, []);
    assert.equal((await mine.list({ q: 'secret' })).conversations.length, 1);
    assert.equal((await mine.messages(id)).length, 2);
    assert.equal((await mine.get(id)).label.level, 'INTERNE');
  });

  promise('a first administrator takes over what was there, answers being written included', async (place) => {
    await using here = await opened(place);
    const { id } = await here.store.create();
    const begun = await here.store.begin({ kind: 'ask', conversationId: id, parentId: undefined, content: 'x' }, run);
    assert.equal(await here.database.transaction((on) => here.room.adopt('me', 'admin', on)), 1);
    assert.equal(await here.store.finish(begun.messageId, { content: 'y', status: 'complete', endedBy: 'stop' }), true);
    await assert.rejects(here.store.get(id), { code: 'conversation_not_found' });
    assert.equal((await here.room.of('admin').messages(id))[1]?.content, 'y');
    assert.equal(await here.room.forget('admin'), 1);
    await assert.rejects(here.room.of('admin').get(id), { code: 'conversation_not_found' });
  });

  promise(
    'the mark of a conversation is never below what was said in it, and only a downgrade lowers it',
    async (place) => {
      await using here = await opened(place);
      const { id, label } = await here.store.create();
      assert.deepEqual(label, internalLabel);
      const first = await exchange(here.store, id, 'plain', 'answer');
      const source = { kind: 'client', id: 'x-intramuros-label', label: sensitive } as const;
      const asked = { kind: 'ask', conversationId: id, parentId: first.answerId, content: 'a name' } as const;
      const begun = await here.store.begin(asked, { ...run, mark: { label: sensitive, sources: [source] } });
      assert.deepEqual(begun.mark, { label: sensitive, sources: [source] });
      // Another branch, which saw nothing of it: the conversation's mark counts all the same.
      const beside = await exchange(here.store, id, 'beside', 'answer beside', first.answerId);
      assert.deepEqual(beside.begun.mark.label, sensitive);
      const tree = await here.store.messages(id);
      assert.deepEqual(
        tree.map((message) => message.label.level),
        ['INTERNE', 'INTERNE', 'SENSIBLE', 'SENSIBLE', 'INTERNE', 'SENSIBLE'],
      );
      const conversation = await here.store.get(id);
      assert.deepEqual(conversation.label, sensitive);
      assert.deepEqual(conversation.labelSources, [source]);
      const raised = await here.store.update(id, { raise: { label: internalLabel, sources: [] } });
      assert.deepEqual(raised.label, sensitive, 'a raise to less changes nothing');
      const downgrade = {
        kind: 'downgrade',
        id: 'prop_1',
        label: internalLabel,
        by: 'dpo',
        reason: 'published',
      } as const;
      await here.room.lower(id, internalLabel, downgrade);
      assert.deepEqual((await here.store.get(id)).labelSources, [downgrade]);
      for (const message of await here.store.messages(id)) assert.deepEqual(message.label, internalLabel);
      await assert.rejects(here.room.lower('conv_none', internalLabel, downgrade), { code: 'conversation_not_found' });
    },
  );

  promise('an exported document carries its label', async (place) => {
    await using here = await opened(place);
    const { id } = await here.store.create();
    const asked = { kind: 'ask', conversationId: id, parentId: undefined, content: 'a name' } as const;
    await here.store.begin(asked, { ...run, mark: { label: sensitive, sources: [] } });
    assert.match(await here.store.export(id, { format: 'markdown' }), /^---\nlabel: "SENSIBLE; mentions=PII"\n---\n/);
    const json = JSON.parse(await here.store.export(id, { format: 'json' })) as { label: string; conversation: object };
    assert.equal(json.label, 'SENSIBLE; mentions=PII');
    assert.ok(!('ownerId' in json.conversation));
  });
});
