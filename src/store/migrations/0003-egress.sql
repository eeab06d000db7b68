-- Every dial to another machine and every refusal, with the bytes that really passed.
CREATE TABLE egress_connections (
  id text PRIMARY KEY,
  at timestamptz NOT NULL,
  purpose text NOT NULL,
  decision_id text,
  destination_id text,
  host text NOT NULL,
  port integer NOT NULL,
  address text,
  refused text,
  sent_bytes bigint NOT NULL,
  received_bytes bigint NOT NULL,
  duration_ms bigint
);
CREATE INDEX egress_connections_decision ON egress_connections (decision_id) WHERE decision_id IS NOT NULL;
CREATE INDEX egress_connections_at ON egress_connections (at);
