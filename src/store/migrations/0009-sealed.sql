-- What conversations hold is sealed under the key of whose they are; search goes through keyed tokens of words. Rows of
-- before are sealed at the next start, which then drops the columns `title`, `label_sources`, `content`, `thinking` and
-- `error` of plain text: the room of conversations does, as SQL has no key.
DROP INDEX messages_search;
DROP INDEX conversations_search;
ALTER TABLE messages DROP COLUMN search;
ALTER TABLE conversations DROP COLUMN search;
DROP TEXT SEARCH CONFIGURATION intramuros_french;
DROP TEXT SEARCH CONFIGURATION intramuros_plain;

ALTER TABLE conversations
  ALTER COLUMN title DROP NOT NULL,
  ADD COLUMN sealed_title text, -- NULL is none
  ADD COLUMN sealed_sources text,
  ADD COLUMN words bigint[] NOT NULL DEFAULT '{}';
ALTER TABLE messages
  ALTER COLUMN content DROP NOT NULL,
  ADD COLUMN sealed text, -- content and thinking
  ADD COLUMN sealed_error text,
  ADD COLUMN sealed_sources text,
  ADD COLUMN words bigint[] NOT NULL DEFAULT '{}';
