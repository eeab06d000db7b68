import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestGateway } from '../../test/parts/test-gateway.ts';

interface State {
  readonly offline: boolean;
  readonly unexplainedBytes: number;
  readonly layers: readonly { readonly name: string; readonly active: boolean }[];
}
const read = async <T>(response: Response): Promise<T> => (await response.json()) as T;

test('the egress page tells the list, the layers and the switch, and the switch is on record', async () => {
  await using gateway = await openTestGateway();
  const state = await read<State>(await gateway.ask('/api/egress'));
  assert.equal(state.unexplainedBytes, 0);
  assert.deepEqual(
    state.layers.map(({ name }) => name),
    ['door', 'guard', 'engine', 'database', 'host'],
  );
  assert.equal(state.layers[0]?.active, true);
  assert.equal(state.layers[1]?.active, false, 'a test process has no guard, and it is said');
  const put = await gateway.ask('/api/egress/offline', { method: 'PUT', body: { offline: true } });
  assert.deepEqual([put.status, await put.json()], [200, { offline: true }]);
  assert.equal((await read<State>(await gateway.ask('/api/egress'))).offline, true);
  const off = await gateway.ask('/api/egress/offline', { method: 'PUT', body: { offline: false } });
  assert.equal(off.status, 403, 'this installation is offline by its settings');
  assert.equal((await gateway.ask('/api/egress/offline', { method: 'PUT', body: { offline: 'yes' } })).status, 400);
  const page = await (await gateway.ask('/api/egress/connections?limit=2')).json();
  assert.deepEqual(page, { connections: [], nextCursor: null });
  assert.equal((await gateway.ask('/api/egress/connections?limit=0')).status, 400);
});
