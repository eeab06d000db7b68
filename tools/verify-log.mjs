#!/usr/bin/env node
// Verifies a record of Intramuros, or the receipt of one answer, without Intramuros: plain Node 20.11 or later, this file alone,
// no network. The format is described in docs/audit.md.
//   node verify-log.mjs <folder "audit" | receipt.json> [--known CHECKPOINT]... [--key VERIFIER_KEY]
//                       [--witness VERIFIER_KEY]... [--quorum N] [--json] [--fr]
// --known    a checkpoint (or a receipt) that you kept: the log must have grown from it, and from nothing else
// --key      the log's public key, as you know it from elsewhere; without it the key is the one that the log says
// --witness  public key of a witness; --quorum says how many of them must have signed the last checkpoint (all)
// Exit code: 0 all is well, 1 something is wrong (the first bad record is named), 2 it could not be read.
import crypto from 'node:crypto';
import fs from 'node:fs';
import { parseArgs } from 'node:util';

const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest();
const nodeOf = (left, right) => sha256(Buffer.concat([Buffer.from([1]), left, right]));
const rootOf = (subtrees) =>
  subtrees.length === 0 ? sha256('') : subtrees.reduceRight((right, left) => nodeOf(left, right));

/** A signed note (C2SP signed-note, tlog-checkpoint) is a text, an empty line, and signature lines. */
function parseNote(note) {
  const at = note.lastIndexOf('\n\n');
  const text = note.slice(0, at + 1);
  const [origin, size, root] = text.split('\n');
  if (at === -1 || !/^\d+$/.test(size)) return undefined;
  const lines = note.slice(at + 2).split('\n');
  return { text, origin, size: Number(size), root, signatures: lines.filter(Boolean) };
}

/** Whether the owner of a verifier key (`name+hash+base64(type, public key)`) signed: type 1 the text, type 4 time and text. */
function isSigned({ text, signatures }, verifierKey) {
  const [, name, hash, data] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(verifierKey.trim()) ?? [];
  if (name === undefined) throw new Error(`not a verifier key: ${verifierKey}`);
  const bytes = Buffer.from(data, 'base64');
  const id = sha256(Buffer.concat([Buffer.from(`${name}\n`), bytes])).subarray(0, 4);
  if (id.toString('hex') !== hash) return false;
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes.subarray(1)]);
  const key = crypto.createPublicKey({ key: der, format: 'der', type: 'spki' });
  return signatures.some((line) => {
    if (!line.startsWith(`— ${name} `)) return false;
    const signature = Buffer.from(line.slice(`— ${name} `.length), 'base64');
    if (!signature.subarray(0, 4).equals(id)) return false;
    if (bytes[0] === 1) return crypto.verify(null, Buffer.from(text), key, signature.subarray(4));
    const seconds = signature.length === 76 ? signature.readBigUInt64BE(4) : 0n;
    return crypto.verify(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`), key, signature.subarray(12));
  });
}

/** Gathers what is wrong: a log without its beginning has a problem at each line, and some of them tell enough. */
function collect() {
  const report = { ok: true, firstBad: null, problemCount: 0, problems: [] };
  const bad = (code, facts = {}) => {
    report.ok = false;
    if (facts.seq !== undefined) report.firstBad = Math.min(report.firstBad ?? facts.seq, facts.seq);
    if (++report.problemCount <= 100) report.problems.push({ code, ...facts });
  };
  return { report, bad };
}

/** Verifies every line, hash and checkpoint of a log folder. */
export function verifyFolder(folder, options = {}) {
  const { report, bad } = collect();
  const card = JSON.parse(fs.readFileSync(`${folder}/log.json`, 'utf8'));
  const keys = options.key ? [options.key] : card.keys.map(({ publicKey }) => publicKey);
  if (!card.keys.some(({ publicKey }) => publicKey === keys[0])) bad('other_key');
  const signedBy = (note) => note.origin === card.origin && keys.some((key) => isSigned(note, key));
  const checkpoints = readCheckpoints(folder, bad);
  for (const note of checkpoints) if (!signedBy(note)) bad('signature', { size: note.size });
  for (const text of options.known ?? []) {
    checkpoints.push({ ...(parseNote(text) ?? { size: 0, signatures: [] }), known: true });
    if (!signedBy(checkpoints.at(-1))) bad('signature', { size: checkpoints.at(-1).size });
  }
  checkpoints.sort((a, b) => a.size - b.size);
  const first = Math.max(0, ...card.tombstones.map((one) => (one.kinds === 'all' ? one.firstSeq + one.count : 0)));
  const tree = { size: first, subtrees: card.frontier.map((hex) => Buffer.from(hex, 'hex')) };
  const seen = { decisions: new Set(), outcomes: [], announced: new Set() };
  const good = { own: first, kept: first }; // up to where the roots of checkpoints were reached
  let next = 0;
  const isBroken = () => report.firstBad !== null; // then what stands above it is broken too
  const reachCheckpoints = () => {
    for (; next < checkpoints.length && checkpoints[next].size <= tree.size; next += 1) {
      const { size, root, known } = checkpoints[next];
      if (size < first) continue; // its records were deleted, and the tombstone says so
      const which = known ? 'kept' : 'own';
      if (rootOf(tree.subtrees).toString('base64') === root) good[which] = size;
      else if (known || !isBroken()) bad(known ? 'fork' : 'root', isBroken() ? { size } : { size, seq: good[which] });
    }
  };
  reachCheckpoints();
  const look = (line, leaf) => {
    const seq = tree.size;
    const record = parse(line);
    if (record?.seq !== seq) bad(record === undefined ? 'not_json' : 'number', { seq, found: record?.seq });
    if (!/^[0-9a-f]{64}$/.test(record?.expired)) {
      remember(seen, { ...record, data: Object(record?.data) });
      return leaf;
    }
    const expired = card.tombstones.some(({ firstSeq, count }) => seq >= firstSeq && seq < firstSeq + count);
    if (!expired || Object.keys(record).length !== 2) bad('stub', { seq });
    return Buffer.from(record.expired, 'hex');
  };
  const months = fs.readdirSync(folder).filter((name) => /^\d{4}-\d{2}\.jsonl$/.test(name));
  for (const name of months.sort()) {
    const stored = storedHashes(`${folder}/tree/${name.replace('.jsonl', '.hashes')}`);
    const compare = (hash, inner) => stored.fits(hash) || (inner && isBroken()) || bad('changed', { seq: tree.size });
    const unfinishedBytes = eachLine(`${folder}/${name}`, (line, leaf) => {
      grow(tree, look(line, leaf), compare);
      reachCheckpoints();
    });
    const isCut = stored.left() || (unfinishedBytes > 0 && name !== months.at(-1));
    if (isCut) bad('shorter', { seq: tree.size, file: name });
  }
  for (const { size } of checkpoints.slice(next)) bad('cut', { size, seq: tree.size });
  const firstDecision = seen.decisions.values().next().value;
  for (const { seq, decisionId } of seen.outcomes) {
    const mayBeGone = card.tombstones.length > 0 && !(decisionId >= firstDecision);
    if (!seen.decisions.has(decisionId) && !mayBeGone) bad('no_decision', { seq });
  }
  for (const { month } of card.tombstones) if (!seen.announced.has(month)) bad('not_announced', { month });
  const own = checkpoints.filter(({ known }) => !known);
  checkWitnesses(own.at(-1), options, bad);
  const counts = { records: tree.size - first, firstRecord: first, checkpoints: own.length };
  return { origin: card.origin, ...counts, unsignedRecords: tree.size - (own.at(-1)?.size ?? first), ...report };
}

/** Adds a leaf; hands over each hash that it completes, in the order in which a log stores them. */
function grow(tree, leaf, store) {
  let last = leaf;
  store(last);
  for (let rest = tree.size; rest % 2 === 1; rest = (rest - 1) / 2) {
    last = nodeOf(tree.subtrees.pop(), last);
    store(last, true);
  }
  tree.subtrees.push(last);
  tree.size += 1;
}

/** Bytes that left must have their decision; deletions must have been written down. */
function remember(seen, { seq, kind, data }) {
  if (kind === 'decision') seen.decisions.add(data.id);
  if (kind === 'outcome' && data.sentBytes > 0) seen.outcomes.push({ seq, decisionId: data.decisionId });
  if (kind === 'system' && data.what === 'audit.expired') seen.announced.add(data.month);
}

/** What a line says; undefined when it is not JSON. */
function parse(line) {
  try {
    return Object(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function readCheckpoints(folder, bad) {
  const notes = new Map();
  for (const [at, line] of linesOf(`${folder}/checkpoints.jsonl`).entries()) {
    const { size, note = '' } = parse(line) ?? {};
    const parsed = parseNote(String(note));
    if (parsed?.size === size && parsed) notes.set(size, parsed);
    else bad('checkpoint', { line: at + 1 });
  }
  for (const line of linesOf(`${folder}/anchors.jsonl`)) {
    const { size, cosignature } = parse(line) ?? {};
    if (cosignature) notes.get(size)?.signatures.push(cosignature);
  }
  return [...notes.values()];
}
const linesOf = (file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').slice(0, -1) : []);

/** Calls `take(text, leaf)` for each whole line; returns how many bytes stand after the last one. */
function eachLine(file, take) {
  const handle = fs.openSync(file, 'r');
  let held = Buffer.from('\n'); // always begins with the newline before the line
  for (;;) {
    const chunk = Buffer.allocUnsafe(4 << 20);
    const read = fs.readSync(handle, chunk, 0, chunk.length, null);
    if (read === 0) break;
    const text = Buffer.concat([held, chunk.subarray(0, read)]);
    let before = 0;
    for (let end = text.indexOf(10, 1); end !== -1; end = text.indexOf(10, before + 1)) {
      text[before] = 0; // the newline before a line is not needed again: it becomes the leaf's prefix
      take(text.toString('utf8', before + 1, end), sha256(text.subarray(before, end)));
      before = end;
    }
    held = text.subarray(before);
  }
  fs.closeSync(handle);
  return held.length - 1;
}

/** The hashes stored for a month, in their order; a log without them is verified by its checkpoints alone. */
function storedHashes(file) {
  const all = fs.existsSync(file) ? fs.readFileSync(file) : Buffer.alloc(0);
  let at = 0;
  const fits = (hash) => {
    at += 32;
    return at > all.length || all.compare(hash, 0, 32, at - 32, at) === 0;
  };
  return { fits, left: () => all.length - at >= 32 };
}

function checkWitnesses(note = { size: 0, signatures: [] }, { witnesses = [], quorum = witnesses.length }, bad) {
  const found = witnesses.filter((key) => isSigned(note, key)).length;
  if (found < quorum) bad('quorum', { size: note.size, found, quorum });
}

/** Verifies the receipt of one answer: each record under the signed checkpoint, and the texts against their commitments. */
export function verifyReceipt(receipt, options = {}) {
  const { report, bad } = collect();
  if (options.key && options.key !== receipt.publicKey) bad('other_key');
  let [note, data] = [undefined, []];
  for (const { seq, line, path: hashes, checkpoint } of receipt.records) {
    note = parseNote(checkpoint) ?? { size: 0, signatures: [] };
    note.signatures.push(...(receipt.cosignatures ?? []));
    if (!isSigned(note, options.key ?? receipt.publicKey)) bad('signature', { size: note.size });
    const root = rootAlong(sha256(`\0${line}`), seq, note.size, hashes);
    if (root.toString('base64') !== note.root) bad('not_in_log', { seq });
    data.push({ seq, ...JSON.parse(line).data });
  }
  for (const { seq, decisionId } of data)
    if (decisionId !== undefined && !data.some(({ id }) => id === decisionId)) bad('no_decision', { seq });
  for (const [name, { nonce, text }] of Object.entries(receipt.opening ?? {})) {
    const bytes = Buffer.concat([Buffer.from(nonce ?? '', 'hex'), Buffer.from(text ?? '')]);
    const commitment = sha256(bytes).toString('hex');
    if (typeof text === 'string' && !data.some((one) => one[`${name}Commitment`] === commitment)) bad('text', { name });
  }
  for (const [name, value] of Object.entries(receipt.facts ?? {})) {
    const told = data.map((one) => one[name]).filter((one) => ['string', 'number'].includes(typeof one));
    if (told.length > 0 && !told.includes(value)) bad('fact', { name });
  }
  checkWitnesses(note, options, bad);
  return { origin: note?.origin, records: data.length, checkpoints: 1, unsignedRecords: 0, ...report };
}

/** Root that a leaf and its audit path lead to (RFC 6962, 2.1.1); zeros when the path cannot be one. */
function rootAlong(leaf, index, size, hashes) {
  if (hashes.length === 0) return size === 1 && index === 0 ? leaf : Buffer.alloc(32);
  if (size <= 1) return Buffer.alloc(32);
  const split = 2 ** Math.floor(Math.log2(size - 1));
  const [sibling, rest] = [Buffer.from(hashes.at(-1), 'hex'), hashes.slice(0, -1)];
  if (index < split) return nodeOf(rootAlong(leaf, index, split, rest), sibling);
  return nodeOf(sibling, rootAlong(leaf, index - split, size - split, rest));
}

const words = `
good|verified · {origin} · records: {records} · checkpoints: {checkpoints} · after the last one: {unsignedRecords}|vérifié · {origin} · enregistrements : {records} · points de contrôle : {checkpoints} · après le dernier : {unsignedRecords}
wrong|NOT VERIFIED · {origin} · records: {records} · problems: {problemCount} · first bad record: {firstBad}|NON VÉRIFIÉ · {origin} · enregistrements : {records} · problèmes : {problemCount} · premier mauvais enregistrement : {firstBad}
changed|number {seq} is not what was written: its line, or the hashes beside it, were changed|le numéro {seq} n’est pas ce qui a été écrit : sa ligne, ou les empreintes à côté, ont été modifiées
not_json|number {seq} is no record|le numéro {seq} n’est pas un enregistrement
number|number {found} stands where {seq} was expected|le numéro {found} se trouve à la place du numéro {seq}
stub|the line of number {seq} was taken away, and nothing says why|la ligne du numéro {seq} a été retirée, et rien ne dit pourquoi
shorter|{file} ends before or in the middle of number {seq}, and there was more|{file} s’arrête avant ou dans le numéro {seq}, et la suite manque
checkpoint|line {line} of checkpoints.jsonl is no checkpoint|la ligne {line} de checkpoints.jsonl n’est pas un point de contrôle
signature|the checkpoint of {size} records is not signed by this log’s key|le point de contrôle à {size} enregistrements n’est pas signé par la clef de ce journal
other_key|this log does not sign with the key that you gave|ce journal ne signe pas avec la clef que vous avez donnée
root|the records from {seq} up to {size} are not those that were signed|les enregistrements de {seq} à {size} ne sont pas ceux qui ont été signés
fork|this is another log: its first {size} records are not those of the checkpoint that you kept|c’est un autre journal : ses {size} premiers enregistrements ne sont pas ceux du point de contrôle que vous gardiez
cut|{seq} records are left of {size} that a checkpoint signed|il reste {seq} enregistrements sur les {size} d’un point de contrôle signé
no_decision|number {seq} says that bytes left, and no decision allowed it|le numéro {seq} dit que des octets sont sortis, et aucune décision ne l’a permis
not_announced|records of {month} were deleted, and no record says so|des enregistrements de {month} ont été supprimés, et aucun enregistrement ne le dit
quorum|{found} of the witnesses signed the checkpoint of {size} records, and {quorum} must|{found} témoins ont signé le point de contrôle à {size} enregistrements, et il en faut {quorum}
not_in_log|number {seq} does not stand in the signed log|le numéro {seq} n’est pas dans le journal signé
fact|“{name}” is not what the record says|« {name} » n’est pas ce que dit l’enregistrement
text|the text of “{name}” is not the one that the record commits to|le texte « {name} » n’est pas celui auquel l’enregistrement s’engage`;

export function sentence({ code, ...facts }, french) {
  const line = words.split('\n').find((one) => one.startsWith(`${code}|`));
  return line.split('|')[french ? 2 : 1].replace(/\{(\w+)\}/g, (_, name) => facts[name]);
}

export function describe(report, french) {
  const whole = { ...report, code: report.ok ? 'good' : 'wrong' };
  return [...report.problems.slice(0, 20), whole].map((one) => sentence(one, french)).join('\n');
}

/** Verifies what stands at a path; `known` are paths of checkpoints or receipts. */
export function verifyPath(target, { known = [], ...options } = {}) {
  const read = (file) => fs.readFileSync(file, 'utf8');
  if (!fs.statSync(target).isDirectory()) return verifyReceipt(JSON.parse(read(target)), options);
  const notes = known.map(read).map((text) => parse(text)?.checkpoint ?? text);
  return verifyFolder(target, { ...options, known: notes });
}

export function main(args) {
  try {
    const [one, many, yes] = [{ type: 'string' }, { type: 'string', multiple: true }, { type: 'boolean' }];
    const options = { known: many, key: one, witness: many, quorum: one, json: yes, fr: yes };
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    if (positionals.length !== 1) throw new Error('one folder or receipt is wanted; the head of this file says more');
    const { known, key, witness: witnesses = [], quorum = witnesses.length, json, fr } = values;
    const report = verifyPath(positionals[0], { known, key, witnesses, quorum: Number(quorum) });
    console.log(json ? JSON.stringify(report) : describe(report, fr));
    return report.ok ? 0 : 1;
  } catch (error) {
    console.error(error.message);
    return 2;
  }
}

if (process.argv[1] && fs.realpathSync(process.argv[1]) === import.meta.filename)
  process.exitCode = main(process.argv.slice(2));
