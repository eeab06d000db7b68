import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isIntramurosError } from '../../base/index.ts';
import { readCredentials } from './credentials.ts';

/** As Node hands them on: the first authorization alone, repeated others joined, the raw list beside. */
function read(...pairs: readonly (readonly [string, string])[]): ReturnType<typeof readCredentials> {
  const headers: Record<string, string> = {};
  for (const [name, value] of pairs) {
    const key = name.toLowerCase();
    if (key === 'authorization') headers[key] ??= value;
    else headers[key] = headers[key] === undefined ? value : `${headers[key]}${key === 'cookie' ? '; ' : ', '}${value}`;
  }
  return readCredentials(headers, pairs.flat());
}

const refused =
  (reason: string) =>
  (error: unknown): boolean =>
    isIntramurosError(error) && error.code === 'unauthorized' && error.facts.reason === reason;

test('a key is read from either header, a session from its cookie among others', () => {
  assert.deepEqual(read(), { bearer: undefined, sessionToken: undefined });
  assert.equal(read(['Authorization', 'Bearer imu_a']).bearer, 'imu_a');
  assert.equal(read(['authorization', 'bearer  imu_a']).bearer, 'imu_a');
  assert.equal(read(['X-Api-Key', 'imu_a']).bearer, 'imu_a');
  assert.equal(read(['X-Api-Key', 'imu_a'], ['Authorization', 'Bearer imu_a']).bearer, 'imu_a');
  assert.equal(read(['Cookie', 'a=b; intramuros_session=tok; c=d']).sessionToken, 'tok');
  assert.equal(read(['Cookie', 'not_intramuros_session=tok; xintramuros_session=a']).sessionToken, undefined);
  assert.equal(read(['Cookie', 'intramuros_session=']).sessionToken, undefined);
});

test('what two programs could read in two ways is refused', () => {
  const ambiguous: [string, string][][] = [
    [
      ['Authorization', 'Bearer a'],
      ['authorization', 'Bearer b'],
    ],
    [
      ['Authorization', 'Bearer a'],
      ['AUTHORIZATION', 'Bearer a'],
    ],
    [
      ['X-Api-Key', 'a'],
      ['x-api-key', 'b'],
    ],
    [
      ['Authorization', 'Bearer a'],
      ['x-api-key', 'b'],
    ],
    [['Cookie', 'intramuros_session=a; intramuros_session=b']],
    [
      ['Cookie', 'intramuros_session=a'],
      ['Cookie', 'intramuros_session=b'],
    ],
  ];
  for (const pairs of ambiguous) assert.throws(() => read(...pairs), refused('ambiguous'), JSON.stringify(pairs));
  assert.equal(read(['Cookie', 'intramuros_session=a; intramuros_session=a']).sessionToken, 'a');
});

test('what is no key is refused, never trimmed into one', () => {
  assert.equal(
    read(['Authorization', 'Bearer My API Key']).bearer,
    'My API Key',
    'what clients send where none is asked for',
  );
  for (const value of [
    'Basic YTpi',
    'Bearer',
    'Bearer ',
    'Bearer a,Bearer b',
    'Bearer a, Bearer b',
    'Bearer a b, c',
    'Bearer a  b',
    'imu_a',
    'Bearer \u00e9',
    `Bearer ${'a'.repeat(513)}`,
  ])
    assert.throws(() => read(['Authorization', value]), refused('malformed'), value);
  for (const value of ['', 'a b', 'a\tb', 'é'])
    assert.throws(() => read(['x-api-key', value]), refused('malformed'), value);
});
