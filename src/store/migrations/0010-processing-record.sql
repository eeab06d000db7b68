-- What the controller says in the record of processing (GDPR, article 30); the rest of it is read from the installation.
CREATE TABLE processing_record (
  one integer PRIMARY KEY CHECK (one = 1),
  fields jsonb NOT NULL,
  changed_at timestamptz NOT NULL,
  changed_by text NOT NULL
);
