-- One key a subject (a person, a person's month, a conversation's vault), wrapped by the house key, which no table holds.
CREATE TABLE subject_keys (
  subject text PRIMARY KEY,
  wrapped text, -- NULL once destroyed: the row stays as a mark that nothing brings it back
  heir text, -- who took over what this subject had; its keys end with theirs
  made_at timestamptz NOT NULL,
  destroyed_at timestamptz,
  CHECK ((wrapped IS NULL) <> (destroyed_at IS NULL))
);
CREATE INDEX subject_keys_of_heir ON subject_keys (heir) WHERE heir IS NOT NULL;

-- Which house key wraps them, told apart by a hash that tells nothing of it.
CREATE TABLE house_keys (
  one integer PRIMARY KEY CHECK (one = 1),
  id text NOT NULL,
  made_at timestamptz NOT NULL
);

-- Tables whose files still hold what was deleted from them, until they are written anew.
CREATE TABLE unscrubbed (
  table_name text PRIMARY KEY
);
