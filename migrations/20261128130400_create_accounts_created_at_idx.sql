-- no-transaction
-- Why: the administrators' list of accounts, newest first.
-- Rows: none are changed. Lock: none that readers or writers wait for.

-- The README says why there is no `IF NOT EXISTS`.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY accounts_created_at_idx ON accounts (created_at DESC, id DESC);
