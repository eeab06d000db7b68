import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Right, rights } from '../identity/index.ts';
import { describeApi } from './index.ts';

/** Operations that anybody may ask, without key or session. Adding one here is a decision about safety. */
const open = [
  'docs.get',
  'docs.style',
  'health.get',
  'openapi.get',
  'session.create',
  'session.delete',
  'session.get',
  'session.oidc.callback',
  'session.oidc.start',
  'setup.administrator',
];

/** Operations that need no more than the use of the house: `chat.use` for a person, `api.use` for a key. */
const use = [
  'catalogue.list',
  'chat.completions.create',
  'choices.list',
  'completions.create',
  'conversations.answers.create',
  'conversations.create',
  'conversations.delete',
  'conversations.erase',
  'conversations.export',
  'conversations.get',
  'conversations.list',
  'conversations.messages.delete',
  'conversations.messages.list',
  'conversations.update',
  'detokenize',
  'embeddings.create',
  'labels.list',
  'messages.receipt',
  'models.installed.get',
  'models.installed.list',
  'models.list',
  'models.load',
  'models.retrieve',
  'policy.check',
  'policy.explain',
  'policy.get',
  'policy.simulate',
  'proposals.approve',
  'proposals.list',
  'proposals.reject',
  'runs.events',
  'runs.get',
  'runs.stop',
  'tokenize',
];

/** Operations that concern the caller alone: whoever says who they are may ask them. */
const any = [
  'me.erase',
  'me.export',
  'me.held',
  'me.keys.create',
  'me.keys.list',
  'me.keys.revoke',
  'me.keys.rotate',
  'me.password',
  'me.sessions.end',
  'me.sessions.endOthers',
  'me.sessions.list',
  'me.usage',
  'status.get',
];

/** Operations that need a right of their own. */
const own: Readonly<Record<string, Right>> = {
  'audit.anchor': 'audit.read',
  'audit.export': 'audit.read',
  'audit.get': 'audit.read',
  'audit.records.list': 'audit.read',
  'audit.records.proof': 'audit.read',
  'audit.verify': 'audit.read',
  'backup.create': 'backup.make',
  'breakGlass.propose': 'break-glass',
  'breakGlass.read': 'break-glass',
  'decisions.list': 'audit.read',
  'egress.connections.list': 'admin.egress',
  'egress.get': 'admin.egress',
  'egress.offline.set': 'admin.egress',
  'evidence.anssi': 'audit.read',
  'evidence.article30.get': 'audit.read',
  'evidence.article30.put': 'admin.policy',
  'groups.change': 'admin.people',
  'groups.create': 'admin.people',
  'groups.delete': 'admin.people',
  'groups.list': 'admin.people',
  'keys.create': 'admin.keys',
  'keys.list': 'admin.keys',
  'keys.revoke': 'admin.keys',
  'keys.rotate': 'admin.keys',
  'labels.propose': 'label.lower',
  'metrics.get': 'usage.read',
  'models.delete': 'model.manage',
  'models.fetch': 'model.manage',
  'models.installed.delete': 'model.manage',
  'models.optimize': 'model.manage',
  'models.unload': 'model.manage',
  'people.change': 'admin.people',
  'people.create': 'admin.people',
  'people.delete': 'admin.people',
  'people.list': 'admin.people',
  'people.sessions.end': 'admin.people',
  'people.sessions.endAll': 'admin.people',
  'people.sessions.list': 'admin.people',
  'people.password': 'admin.people',
  'policy.propose': 'admin.policy',
  'quotas.change': 'admin.people',
  'quotas.create': 'admin.people',
  'quotas.delete': 'admin.people',
  'quotas.list': 'usage.read',
  'roles.delete': 'admin.people',
  'roles.list': 'admin.people',
  'roles.put': 'admin.people',
  'settings.list': 'admin.settings',
  'upstreams.create': 'admin.upstreams',
  'upstreams.delete': 'admin.upstreams',
  'upstreams.get': 'admin.upstreams',
  'upstreams.list': 'admin.upstreams',
  'upstreams.test': 'admin.upstreams',
  'upstreams.update': 'admin.upstreams',
  'usage.get': 'usage.read',
};

test('every operation is in one of these lists, so that a new one cannot forget who may ask it', () => {
  const found: Record<string, string> = {};
  for (const { operationId, open, right } of describeApi('1').endpoints)
    found[operationId] = open ? 'open' : (right ?? 'use');
  const wanted = {
    ...Object.fromEntries(open.map((id) => [id, 'open'])),
    ...Object.fromEntries(use.map((id) => [id, 'use'])),
    ...Object.fromEntries(any.map((id) => [id, 'any'])),
    ...own,
  };
  assert.deepEqual(found, wanted);
  for (const right of Object.values(own)) assert.ok(rights.includes(right));
});
