-- Remote services that may answer, as administrators declared them. The secret is sealed under the key file.
CREATE TABLE upstreams (
  id text PRIMARY KEY,
  data jsonb NOT NULL,
  secret text,
  version integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- Counts every change, so that gateways beside this one see that there was one.
CREATE TABLE upstreams_revision (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  revision bigint NOT NULL
);
INSERT INTO upstreams_revision (revision) VALUES (0);
