-- no-transaction
-- Why: the shops that everybody sees, by name: the list, the map, and the window of those that are featured.
-- Rows: none are changed. Lock: none that readers or writers wait for.

-- The README says why there is no `IF NOT EXISTS`.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY shops_public_name_idx ON shops ((coalesce(normalized_name, name)) COLLATE "C", id)
WHERE active AND status = 'ACTIVE' AND verification = 'VERIFIED' AND visibility IN ('LIT', 'DIMMED');
