import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { temporaryHome } from '../../../test/parts/command.ts';
import { hasOpenssl, startTimestampServer } from '../../../test/parts/timestamp-server.ts';
import { startWitness } from '../../../test/parts/witness-server.ts';
import { type Audit, openAudit } from '../../audit/index.ts';
import { type Clock, IntramurosError, silentLog, systemClock } from '../../base/index.ts';
import { type Egress, openEgress } from '../../egress/index.ts';
import { readCertificates } from '../timestamp/verify-token.ts';
import { type Anchors, type AnchorsOptions, openAnchors } from './anchors.ts';
import { readWitnesses } from './witness.ts';

interface House extends AsyncDisposable {
  readonly audit: Audit;
  readonly egress: Egress;
  open(options?: Partial<AnchorsOptions>): Anchors;
  write(records: number): Promise<void>;
}

function openHouse(): House {
  const home = temporaryHome();
  const audit = openAudit({ home: home.path, clock: systemClock, log: silentLog() });
  const egress = openEgress({ offline: false, log: silentLog(), clock: systemClock });
  const opened: Anchors[] = [];
  return {
    audit,
    egress,
    open(options = {}) {
      const anchors = openAnchors({
        ...{ audit, egress, witnesses: [], authority: undefined, timestampEveryMs: 3_600_000 },
        ...{ clock: systemClock, log: silentLog(), ...options },
      });
      opened.push(anchors);
      return anchors;
    },
    async write(records) {
      const data = { what: 'test' };
      await Promise.all(Array.from({ length: records }, () => audit.append({ kind: 'system', actor: 'system', data })));
    },
    async [Symbol.asyncDispose]() {
      for (const anchors of opened) await anchors.close();
      await egress.close();
      await audit.close();
      home[Symbol.dispose]();
    },
  };
}

const anchorRecords = async (audit: Audit) => {
  const found = [];
  for await (const record of audit.read({ kinds: ['anchor'] })) found.push(record);
  return found;
};

test('witnesses confirm that the log only grew, and the log is witnessed once more than half did', async () => {
  await using house = openHouse();
  const { audit, egress } = house;
  await using first = await startWitness(audit.publicKey);
  await using second = await startWitness(audit.publicKey, { name: 'witness.example/w2' });
  second.fault = 'away';
  await house.write(5);
  const anchors = house.open({ witnesses: readWitnesses(`${first.setting}, ${second.setting}`) });
  await anchors.askNow();
  assert.equal(anchors.standing, 'self-attested', 'one of two is not more than half');
  assert.deepEqual(
    anchors.state().map(({ state, problem }) => [state, problem]),
    [
      ['ok', null],
      ['failing', 'away'],
    ],
  );
  second.fault = 'none';
  await house.write(7);
  await anchors.askNow();
  assert.equal(anchors.standing, 'witnessed');
  assert.ok(first.size >= 12 && second.size >= 12, 'both keep the newest checkpoint');
  assert.ok(
    first.asked.some((old) => old > 0),
    'the second time a consistency proof was checked',
  );
  assert.equal(anchors.anchoredSize, Math.max(first.size, second.size));
  const { cosignatures } = await audit.checkpoint();
  assert.ok(cosignatures.length === 0 || cosignatures.length <= 2);
  const sent = egress.totals().filter(({ purpose }) => purpose === 'anchor');
  const records = await anchorRecords(audit);
  const sum = (list: readonly { readonly sentBytes: number; readonly receivedBytes: number }[]) =>
    list.reduce((total, { sentBytes, receivedBytes }) => total + sentBytes + receivedBytes, 0);
  assert.equal(sum(records.map(({ data }) => data as never)), sum(sent), 'every byte to an anchor is on record');
  assert.ok(sum(sent) > 1_000);
});

test('a witness that saw another size is asked again from there; a restart begins anew', async () => {
  await using house = openHouse();
  await using witness = await startWitness(house.audit.publicKey);
  await house.write(9);
  const before = house.open({ witnesses: readWitnesses(witness.setting) });
  await before.askNow();
  await before.close();
  await house.write(4);
  await house.audit.checkpoint(); // nobody confirmed this one, so that nothing is known of the witness at the next start
  const anchors = house.open({ witnesses: readWitnesses(witness.setting) });
  await anchors.askNow();
  assert.equal(anchors.standing, 'witnessed');
  assert.ok(witness.answers.includes(409), 'it said which size it keeps');
  assert.equal(witness.answers.at(-1), 200);
});

test('what a witness kept is remembered over a restart without asking', async () => {
  await using house = openHouse();
  await using witness = await startWitness(house.audit.publicKey);
  await house.write(3);
  const first = house.open({ witnesses: readWitnesses(witness.setting) });
  await first.askNow();
  await first.close();
  witness.fault = 'away';
  const again = house.open({ witnesses: readWitnesses(witness.setting) });
  assert.equal(again.standing, house.audit.latest?.cosignatures.length ? 'witnessed' : 'self-attested');
});

for (const [fault, problem] of [
  ['wrong-signature', 'bad_signature'],
  ['other-key', 'bad_signature'],
  ['chatter', 'bad_signature'],
  ['endless', 'broken'],
  ['away', 'away'],
] as const) {
  test(`a witness with the fault "${fault}" confirms nothing`, async () => {
    await using house = openHouse();
    await using witness = await startWitness(house.audit.publicKey);
    witness.fault = fault;
    await house.write(2);
    const anchors = house.open({ witnesses: readWitnesses(witness.setting) });
    await anchors.askNow();
    const [state] = anchors.state();
    assert.equal(state?.problem, problem, state?.words ?? '');
    assert.equal(state?.state, 'failing');
    assert.equal(anchors.standing, 'self-attested');
    assert.equal((await anchorRecords(house.audit)).at(-1)?.data.why, problem);
  });
}

test('a log that was cut below what a witness saw, or forked, is an alarm and not confirmed', async () => {
  await using house = openHouse();
  await using witness = await startWitness(house.audit.publicKey);
  const alarms: string[] = [];
  const log = { ...silentLog(), error: (_facts: unknown, words: string) => alarms.push(words) } as never;
  await house.write(3);
  witness.remember(1_000);
  const anchors = house.open({ witnesses: readWitnesses(witness.setting), log });
  await anchors.askNow();
  assert.match(anchors.state()[0]?.words ?? '', /has seen 1000 records/);
  assert.equal(anchors.state()[0]?.problem, 'inconsistent');
  witness.remember(2); // another root than this log ever had
  await anchors.askNow();
  assert.equal(anchors.state()[0]?.problem, 'inconsistent');
  assert.equal(anchors.standing, 'self-attested');
  assert.ok(alarms.filter((words) => words.startsWith('ALARM')).length >= 2, alarms.join('\n'));
});

test('a witness that does not answer holds up no record, and is asked again when time comes', async () => {
  await using house = openHouse();
  await using witness = await startWitness(house.audit.publicKey);
  witness.fault = 'slow';
  await house.write(1);
  const anchors = house.open({ witnesses: readWitnesses(witness.setting) });
  const asked = anchors.askNow();
  const began = performance.now();
  await house.write(50);
  assert.ok(performance.now() - began < 5_000, 'records are written while the witness is silent');
  assert.equal(anchors.state()[0]?.state, 'waiting');
  witness.fault = 'none';
  witness.release();
  await asked;
  assert.equal(anchors.state()[0]?.state, 'ok');
});

test('a log in which nothing happens is not shown again and again', async () => {
  await using house = openHouse();
  await using witness = await startWitness(house.audit.publicKey);
  await house.write(3);
  const anchors = house.open({ witnesses: readWitnesses(witness.setting) });
  await anchors.askNow();
  const asked = witness.asked.length;
  for (let round = 0; round < 5; round += 1) await house.audit.checkpoint();
  await anchors.settled();
  assert.equal(witness.asked.length, asked, 'the record of being confirmed is no news');
  await house.write(1);
  await house.audit.checkpoint();
  await anchors.settled();
  assert.equal(witness.asked.length, asked + 1, 'a new record is');
});

test('an authority dates checkpoints, at most once in its time unless somebody asks', {
  skip: !hasOpenssl && 'no openssl',
}, async () => {
  await using house = openHouse();
  await using authority = await startTimestampServer();
  let nowMs = Date.now();
  const clock: Clock = { ...systemClock, now: () => nowMs };
  await house.write(2);
  const given = { url: authority.url, trusted: readCertificates(authority.rootPem) };
  const anchors = house.open({ authority: given, clock });
  await anchors.askNow();
  assert.equal(anchors.standing, 'timestamped');
  assert.equal(authority.given.length >= 1, true);
  const count = authority.given.length;
  await house.write(1);
  nowMs += 60_000;
  await house.audit.checkpoint();
  await anchors.askNow();
  assert.equal(authority.given.length, count + 1, 'asked by hand alone');
  const state = anchors.state().at(-1);
  assert.ok(Math.abs(Date.parse(state?.at ?? '') - Date.now()) < 60_000);
});

test('offline, nothing is asked and nothing fails loudly', async () => {
  await using house = openHouse();
  const far = 'witness.example/w1';
  await using witness = await startWitness(house.audit.publicKey, { name: far });
  await house.write(1);
  const elsewhere = witness.setting.replace(/http:.*$/, 'https://witness.example/w');
  const egress = openEgress({ offline: true, log: silentLog(), clock: systemClock });
  after(() => egress.close());
  const anchors = house.open({ witnesses: readWitnesses(elsewhere), egress });
  await anchors.askNow();
  assert.equal(anchors.state()[0]?.state, 'off');
  assert.equal(anchors.state()[0]?.problem, 'offline');
});

test('a setting with a wrong key says what is wrong', async () => {
  await using house = openHouse();
  await using witness = await startWitness(house.audit.publicKey);
  const refuse = (text: string, why: RegExp): void => {
    assert.throws(
      () => readWitnesses(text),
      (error: unknown) =>
        error instanceof IntramurosError && error.code === 'config_invalid' && why.test(error.message),
    );
  };
  refuse('https://witness.example', /verifier-key/);
  refuse(`${witness.key} ftp://witness.example`, /address/);
  refuse(`${witness.key}`, /address/);
  refuse(`${house.audit.publicKey} http://127.0.0.1`, /type 04/);
  refuse(witness.setting.replace(/\+[0-9a-f]{8}\+/, '+00000000+'), /its bytes make/);
  refuse(`${witness.setting}, ${witness.setting}`, /twice/);
  assert.deepEqual(readWitnesses(''), []);
});
