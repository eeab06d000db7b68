-- What the placeholders of a conversation stand for, sealed under the key of the person it belongs to.
CREATE TABLE vaults (
  conversation_id text PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
  sealed text NOT NULL,
  version integer NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
