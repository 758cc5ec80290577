-- no-transaction
-- Why: a tax number is one shop's.
-- Rows: none are changed. Lock: none that readers or writers wait for.

-- The README says why there is no `IF NOT EXISTS`.
-- squawk-ignore prefer-robust-stmts
CREATE UNIQUE INDEX CONCURRENTLY shops_cuit_key ON shops (cuit);
