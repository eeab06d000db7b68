-- Who may ask, and how much: people, groups, roles, sessions, API keys, quotas and usage.
-- Tokens and keys are kept as SHA-256 alone. References are deferrable, so that a restore may load rows in any order.
CREATE TABLE people (
  id text PRIMARY KEY,
  name text NOT NULL,
  name_key text NOT NULL UNIQUE, -- the name in one case and Unicode form
  display_name text NOT NULL,
  email text,
  origin text NOT NULL CHECK (origin IN ('local', 'oidc', 'ldap')),
  external_id text,
  password text,
  roles text[] NOT NULL,
  disabled boolean NOT NULL DEFAULT false,
  ceiling jsonb,
  created_at timestamptz NOT NULL,
  last_seen_at timestamptz,
  version integer NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX people_external ON people (origin, external_id) WHERE external_id IS NOT NULL;

CREATE TABLE groups (
  id text PRIMARY KEY,
  title text NOT NULL,
  roles text[] NOT NULL,
  compartments text[] NOT NULL,
  external_name text UNIQUE,
  version integer NOT NULL DEFAULT 1
);
CREATE TABLE group_members (
  group_id text NOT NULL REFERENCES groups (id) ON DELETE CASCADE DEFERRABLE,
  person_id text NOT NULL REFERENCES people (id) ON DELETE CASCADE DEFERRABLE,
  PRIMARY KEY (group_id, person_id)
);
CREATE INDEX group_members_of_person ON group_members (person_id);

CREATE TABLE roles (
  name text PRIMARY KEY,
  title text NOT NULL,
  allow text[] NOT NULL,
  deny text[] NOT NULL,
  version integer NOT NULL DEFAULT 1
);

CREATE TABLE sessions (
  id text PRIMARY KEY,
  digest text NOT NULL UNIQUE,
  person_id text NOT NULL REFERENCES people (id) ON DELETE CASCADE DEFERRABLE,
  origin text NOT NULL,
  address text,
  created_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_of_person ON sessions (person_id);

-- The owner of a machine without accounts (`local`) has keys too, and no row in people.
CREATE TABLE api_keys (
  id text PRIMARY KEY,
  digest text NOT NULL UNIQUE,
  person_id text NOT NULL,
  name text NOT NULL,
  prefix text NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  models text[],
  destinations text[],
  ceiling jsonb,
  rights text[] NOT NULL
);
CREATE INDEX api_keys_of_person ON api_keys (person_id);

CREATE TABLE quotas (
  id text PRIMARY KEY,
  subject_kind text NOT NULL CHECK (subject_kind IN ('person', 'group', 'model', 'key', 'everybody')),
  subject_id text NOT NULL,
  unit text NOT NULL CHECK (unit IN ('requests', 'tokens', 'money')),
  period text NOT NULL CHECK (period IN ('minute', 'hour', 'day', 'month')),
  amount bigint NOT NULL CHECK (amount >= 0),
  version integer NOT NULL DEFAULT 1,
  UNIQUE (subject_kind, subject_id, unit, period)
);
-- What of a quota is used in one period by one subject, summed over all gateways.
CREATE TABLE quota_windows (
  quota_id text NOT NULL,
  subject_id text NOT NULL,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  used bigint NOT NULL,
  written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (quota_id, subject_id, starts_at)
);
CREATE INDEX quota_windows_written ON quota_windows (written_at);

CREATE TABLE usage_days (
  day date NOT NULL,
  person_id text NOT NULL,
  key_id text NOT NULL, -- '' when it came from the page
  model text NOT NULL,
  requests bigint NOT NULL,
  prompt_tokens bigint NOT NULL,
  completion_tokens bigint NOT NULL,
  cost_micros bigint NOT NULL,
  PRIMARY KEY (day, person_id, key_id, model)
);
CREATE INDEX usage_days_of_person ON usage_days (person_id, day);
-- Last batch of usage that each gateway wrote, so that a batch whose acknowledgement was lost is not booked twice.
CREATE TABLE usage_batches (
  gateway text PRIMARY KEY,
  number bigint NOT NULL,
  written_at timestamptz NOT NULL
);

-- One row, raised by every change to the tables above that gateways keep in memory; what was changed stands beside it.
CREATE TABLE identity_state (
  one integer PRIMARY KEY CHECK (one = 1),
  version bigint NOT NULL
);
CREATE TABLE identity_changes (
  version bigint NOT NULL,
  kind text NOT NULL,
  id text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (version, kind, id)
);
