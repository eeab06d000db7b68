-- Changes that two people make: of the policy, and of a conversation's label downwards.
CREATE TABLE proposals (
  id text PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('policy', 'label')),
  state text NOT NULL CHECK (state IN ('open', 'approved', 'rejected', 'withdrawn')),
  proposed_by text NOT NULL,
  proposed_at timestamptz NOT NULL,
  reason text NOT NULL,
  detail jsonb NOT NULL,
  decided_by text,
  decided_at timestamptz,
  decision_reason text,
  -- How many people agreed to an approved one.
  eyes integer,
  -- False while an approved policy is being brought into force: finished at the next start.
  applied boolean NOT NULL DEFAULT false
);
CREATE INDEX proposals_recent ON proposals (proposed_at DESC, id DESC);
