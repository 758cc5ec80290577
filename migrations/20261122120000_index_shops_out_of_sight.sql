-- no-transaction
-- Why: the feed and the showcase leave out the reels of these shops, which are few.
-- Rows: none. Lock: none that reads or writes wait for.

CREATE INDEX CONCURRENTLY IF NOT EXISTS shops_out_of_sight_idx ON shops (id) WHERE status IN ('HIDDEN', 'BANNED');
