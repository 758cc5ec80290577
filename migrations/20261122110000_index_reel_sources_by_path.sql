-- no-transaction
-- Why: before an object is deleted, somebody asks whether a reel is still to be rendered from it.
-- Rows: none. Lock: none that reads or writes wait for.

CREATE INDEX CONCURRENTLY IF NOT EXISTS reel_sources_path_idx ON reel_sources (path);
