import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { signBedrock } from '../../../src/upstreams/kinds/bedrock-sign.ts';
import { jsonRequest } from '../../../src/upstreams/kinds/kind.ts';
import { openUpstreamRoom } from '../../parts/upstream-room.ts';
import { openAnthropicUpstream, openBedrockUpstream, openOllamaUpstream } from '../../parts/upstream-servers/index.ts';
import { environment } from '../python.ts';
import { checkNames, checksOf, type RealPeer } from './checks.ts';
import { peerContextTokens, peerKey, peerModel, startLiteLlm, startLlamaServer } from './peers.ts';

export interface Score {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Upstreams against what is not ours: official clients read the loopback peers that the unit tests use, botocore signs what
 * our signer signed, and llama-server and LiteLLM answer this room's requests.
 */
export async function runUpstreams(): Promise<Score> {
  const score: Score = { passed: 0, failed: 0, skipped: 0 };
  const check = async (name: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      score.passed += 1;
      process.stdout.write(`ok    ${name}\n`);
    } catch (error) {
      score.failed += 1;
      process.stdout.write(`FAIL  ${name}\n      ${String((error as Error).message).replaceAll('\n', '\n      ')}\n`);
    }
  };
  await checkClients(check);
  await using llama = await startLlamaServer();
  if (llama === undefined) {
    skip(score, 'llama-server and LiteLLM', 'LLAMA_SERVER_BIN names no llama-server');
    return score;
  }
  const peers = [
    peerOf({
      id: 'llama',
      kind: 'openai',
      flavour: 'llama-server',
      url: `${llama.url}/v1`,
      leftOut: { [checkNames.model]: anyName },
    }),
    peerOf({
      id: 'llama-messages',
      kind: 'anthropic',
      url: llama.url,
      leftOut: { ...messages, [checkNames.model]: anyName },
    }),
  ];
  await using litellm = await startLiteLlm(`${llama.url}/v1`);
  if (litellm === undefined) skip(score, 'LiteLLM', 'it is not installed');
  else {
    peers.push(
      peerOf({ id: 'litellm', kind: 'openai', url: `${litellm.url}/v1`, leftOut: { [checkNames.key]: noDatabase } }),
    );
    const lost = { [checkNames.limit]: 'it does not hand max_tokens on from this API' };
    const leftOut = { ...messages, ...lost, [checkNames.key]: noDatabase };
    peers.push(peerOf({ id: 'litellm-messages', kind: 'anthropic', url: litellm.url, leftOut }));
  }
  const after: (() => unknown)[] = [];
  const room = await openUpstreamRoom({ after: (work: () => unknown) => void after.unshift(work) });
  for (const peer of peers)
    for await (const [name, work] of checksOf(room, peer)) {
      const why = peer.leftOut[name];
      if (why === undefined) await check(`${peer.id}: ${name}`, work);
      else skip(score, `${peer.id}: ${name}`, why);
    }
  for (const close of after) await close();
  return score;
}

const anyName = 'llama-server answers to every name';
const noDatabase = 'without a database it answers 400 "No connected db" to a key that is not its own';
const messages = {
  [checkNames.seed]: 'this API has neither seeds nor log-probabilities',
  [checkNames.text]: 'this API completes no text',
};

function peerOf(given: Pick<RealPeer, 'id' | 'kind' | 'url'> & Partial<RealPeer>): RealPeer {
  const usual = { key: peerKey, model: peerModel, contextTokens: peerContextTokens, leftOut: {} };
  return { ...usual, ...given };
}

function skip(score: Score, what: string, why: string): void {
  score.skipped += 1;
  process.stdout.write(`skip  ${what}: ${why}\n`);
}

async function checkClients(check: (name: string, work: () => Promise<void>) => Promise<void>): Promise<void> {
  const python = join(await environment('upstream-clients'), 'python');
  const keys = { id: 'AKIAEXAMPLE', secret: 'right' };
  const models = ['amazon.echo-v1:0', 'amazon.titan-embed-text-v2:0'];
  await using anthropic = await openAnthropicUpstream({ key: 'sk-ant-1' });
  await using ollama = await openOllamaUpstream();
  await using bedrock = await openBedrockUpstream({ keys, models, brokenModel: 'amazon.broken-v1:0' });
  const client = (...args: string[]) => runPython(python, args);
  await check(
    'the anthropic package reads our Anthropic peer',
    async () => void (await client('anthropic', anthropic.url)),
  );
  await check('the ollama package reads our Ollama peer', async () => void (await client('ollama', ollama.url)));
  await check(
    'boto3 reads our Bedrock peer, which checks its signature',
    async () => void (await client('bedrock', bedrock.url)),
  );
  await check('botocore signs as our signer does', () => compareSignatures(python));
}

async function compareSignatures(python: string): Promise<void> {
  const url = new URL('https://bedrock-runtime.eu-west-3.amazonaws.com/model/eu.anthropic.x-v1%3A0/converse-stream');
  const request = jsonRequest(
    url.pathname,
    { messages: [{ text: 'où ?' }] },
    { accept: 'application/vnd.amazon.eventstream' },
  );
  const now = new Date('2026-05-06T07:08:09Z');
  for (const sessionToken of [undefined, 'token/with+signs==']) {
    const secret = {
      accessKeyId: 'AKIAEXAMPLE',
      secretAccessKey: 'wJalr/XUtn+FEMI',
      ...(sessionToken ? { sessionToken } : {}),
    };
    const ours = await signBedrock({ url, request }, secret, 'eu-west-3', now);
    const headers = { ...request.headers, 'x-amz-content-sha256': ours['x-amz-content-sha256'] };
    const wanted = {
      date: '20260506T070809Z',
      url: url.href,
      body: String(request.body),
      headers,
      region: 'eu-west-3',
      id: secret.accessKeyId,
      secret: secret.secretAccessKey,
      token: sessionToken,
    };
    const theirs = (await runPython(python, ['sign'], JSON.stringify(wanted))).trim();
    const plain = (text = ''): string => text.replace(/,\s+/g, ',');
    if (plain(theirs) !== plain(ours.authorization)) throw new Error(`${theirs}\n${ours.authorization}`);
  }
}

async function runPython(python: string, args: readonly string[], input = ''): Promise<string> {
  const child = spawn(python, [join(import.meta.dirname, 'official_clients.py'), ...args], { stdio: 'pipe' });
  let [out, errors] = ['', ''];
  child.stdout.on('data', (part) => {
    out += part;
  });
  child.stderr.on('data', (part) => {
    errors += part;
  });
  child.stdin.end(input);
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(errors.slice(-1500));
  return out;
}
