-- Whose a conversation is, and how sensitive what it holds is. What was there before people existed belongs to the one user of
-- the machine, and has the label that data has when nobody said otherwise.
ALTER TABLE conversations
  ADD COLUMN owner_id text NOT NULL DEFAULT 'local',
  ADD COLUMN label jsonb NOT NULL DEFAULT '{"level":"INTERNE","mentions":[],"compartments":[]}',
  ADD COLUMN label_sources jsonb NOT NULL DEFAULT '[]';
ALTER TABLE conversations ALTER COLUMN owner_id DROP DEFAULT;

DROP INDEX conversations_recent;
CREATE INDEX conversations_recent ON conversations (owner_id, updated_at DESC, id DESC);

ALTER TABLE messages
  ADD COLUMN label jsonb NOT NULL DEFAULT '{"level":"INTERNE","mentions":[],"compartments":[]}',
  ADD COLUMN label_sources jsonb NOT NULL DEFAULT '[]';
