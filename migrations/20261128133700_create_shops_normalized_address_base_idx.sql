-- no-transaction
-- Why: who is at a door, whatever city was named: the forms of all their addresses begin alike.
-- Rows: none are changed. Lock: none that readers or writers wait for.

-- The README says why there is no `IF NOT EXISTS`.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY shops_normalized_address_base_idx ON shops (normalized_address_base COLLATE "C");
