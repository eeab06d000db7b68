-- Conversations as trees of messages, and their search: accents folded, French stems, and plain words for prefixes.
-- References are deferrable everywhere, so that a restore may load rows in any order.
CREATE EXTENSION IF NOT EXISTS unaccent;

CREATE TEXT SEARCH CONFIGURATION intramuros_french (COPY = french);
ALTER TEXT SEARCH CONFIGURATION intramuros_french
  ALTER MAPPING FOR hword, hword_part, word WITH unaccent, french_stem;

CREATE TEXT SEARCH CONFIGURATION intramuros_plain (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION intramuros_plain
  ALTER MAPPING FOR hword, hword_part, word WITH unaccent, simple;

CREATE TABLE conversations (
  id text PRIMARY KEY,
  title text NOT NULL,
  title_origin text NOT NULL CHECK (title_origin IN ('auto', 'person')),
  model text,
  active_leaf_id text,
  message_count integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  search tsvector GENERATED ALWAYS AS (
    to_tsvector('intramuros_french', title) || to_tsvector('intramuros_plain', title)
  ) STORED
);
CREATE INDEX conversations_recent ON conversations (updated_at DESC, id DESC);
CREATE INDEX conversations_search ON conversations USING gin (search);

CREATE TABLE messages (
  id text PRIMARY KEY,
  conversation_id text NOT NULL REFERENCES conversations (id) ON DELETE CASCADE DEFERRABLE,
  parent_id text REFERENCES messages (id) ON DELETE CASCADE DEFERRABLE,
  role text NOT NULL CHECK (role IN ('system', 'user', 'assistant')),
  content text NOT NULL,
  thinking text,
  thinking_ms integer,
  status text NOT NULL CHECK (status IN ('complete', 'generating', 'stopped', 'failed', 'interrupted')),
  ended_by text,
  error jsonb,
  run_id text,
  usage jsonb,
  provenance jsonb,
  created_at timestamptz NOT NULL,
  -- Only settled text is indexed: a growing answer is saved every second. 100,000 characters stay below the 1 MiB that
  -- one tsvector may take.
  search tsvector GENERATED ALWAYS AS (
    CASE WHEN status = 'generating' THEN NULL
    ELSE to_tsvector('intramuros_french', left(content, 100000)) || to_tsvector('intramuros_plain', left(content, 100000))
    END
  ) STORED
);
CREATE INDEX messages_of_conversation ON messages (conversation_id, id);
CREATE INDEX messages_of_parent ON messages (parent_id);
CREATE INDEX messages_unfinished ON messages (id) WHERE status = 'generating';
CREATE INDEX messages_search ON messages USING gin (search);
