-- Reading another's conversation: proposed by one person, approved by a second, told to whose it is.
ALTER TABLE proposals DROP CONSTRAINT proposals_kind_check;
ALTER TABLE proposals ADD CONSTRAINT proposals_kind_check CHECK (kind IN ('policy', 'label', 'break-glass'));

CREATE TABLE conversation_reads (
  id text PRIMARY KEY,
  person_id text NOT NULL,
  conversation_id text NOT NULL,
  at timestamptz NOT NULL,
  by_id text NOT NULL,
  what text NOT NULL CHECK (what IN ('approved', 'read')),
  reason text NOT NULL,
  proposal_id text NOT NULL
);
CREATE INDEX conversation_reads_of_person ON conversation_reads (person_id, at DESC);
