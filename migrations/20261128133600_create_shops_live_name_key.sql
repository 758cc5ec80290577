-- no-transaction
-- Why: a name is one shop's; one that was turned away or thrown out keeps nobody from it.
-- Rows: none are changed. Lock: none that readers or writers wait for.

-- The README says why there is no `IF NOT EXISTS`.
-- squawk-ignore prefer-robust-stmts
CREATE UNIQUE INDEX CONCURRENTLY shops_live_name_key ON shops (normalized_name)
WHERE status NOT IN ('HIDDEN', 'BANNED');
