import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { nftablesRules, systemdRules } from './index.ts';

const options = {
  user: 'intramuros',
  nameServers: ['10.0.0.53'],
  destinations: [
    { host: 'gpu.intra.example', port: 8000, purpose: 'inference', addresses: ['10.1.2.3', 'fd12::3'] },
    { host: '*.hf.example', port: 443, purpose: 'model-pull', addresses: [] },
    { host: 'evil"\nip daddr 0.0.0.0/0 accept', port: 443, purpose: 'p', addresses: [] },
  ],
};

test('the rules of the packet filter let the list and this machine through, and refuse the rest', () => {
  const lines = nftablesRules(options)
    .split('\n')
    .map((line) => line.trim());
  assert.ok(lines.includes('meta skuid != intramuros accept'));
  assert.ok(lines.includes('ip daddr 10.1.2.3 tcp dport 8000 accept # gpu.intra.example: inference'));
  assert.ok(lines.includes('ip6 daddr fd12::3 tcp dport 8000 accept # gpu.intra.example: inference'));
  assert.ok(lines.includes('ip daddr 10.0.0.53 meta l4proto { tcp, udp } th dport 53 accept'));
  assert.equal(lines.filter((line) => line.startsWith('ip daddr')).length, 2, 'a name cannot write a rule');
  assert.match(lines.findLast((line) => line.includes('reject')) ?? '', /^counter .* reject/);
});

test('the drop-in of the unit denies all but the list; with no name on it, no name server either', () => {
  const text = systemdRules(options);
  assert.match(text, /\[Service\]\nIPAddressDeny=any\nIPAddressAllow=localhost\nIPAddressAllow=10\.0\.0\.53\n/);
  assert.match(text, /^# \*\.hf\.example port 443/m);
  assert.equal(text.match(/^IPAddressAllow=/gm)?.length, 4);
  const bare = systemdRules({ ...options, destinations: [] });
  assert.deepEqual(bare.match(/^IPAddress.*$/gm), ['IPAddressDeny=any', 'IPAddressAllow=localhost']);
});

/** Checks rules as the packet filter itself would load them, as root or in a namespace of one's own; nothing is changed. */
function checkRules(text: string): { readonly status: number | null; readonly words: string } {
  const nft = ['nft', '-c', '-f', '-'];
  const [program = '', ...args] = process.getuid?.() === 0 ? nft : ['unshare', '-Urn', ...nft];
  const { status, stderr } = spawnSync(program, args, { input: text, encoding: 'utf8' });
  return { status, words: stderr ?? '' };
}

test('the packet filter itself takes the rules', (context) => {
  if (checkRules('add table inet intramuros_probe\n').status !== 0)
    return context.skip('no nft that may be asked (Debian: apt-get install nftables)');
  const rules = nftablesRules({ ...options, user: 'root', nameServers: ['10.0.0.53', 'fd00::53'] });
  const checked = checkRules(rules);
  assert.equal(checked.status, 0, checked.words);
  const broken = checkRules(rules.replace('policy accept;', 'policy perhaps;'));
  assert.notEqual(broken.status, 0, 'it does look');
});
