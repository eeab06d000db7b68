-- Which gateway writes an answer, and which gateways live: several may share one database.
CREATE TABLE gateways (
  id text PRIMARY KEY,
  alive_until timestamptz NOT NULL
);
ALTER TABLE messages ADD COLUMN gateway text;
CREATE INDEX messages_generating ON messages (gateway) WHERE status = 'generating';
