-- no-transaction
-- Why: which slugs that begin alike are taken; the constraint's own index has the order of the database.
-- Rows: none are changed. Lock: none that readers or writers wait for.

-- The README says why there is no `IF NOT EXISTS`.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY shops_slug_idx ON shops (slug COLLATE "C");
