-- no-transaction
-- Why: what deleting an account looks up.
-- Rows: none are changed. Lock: none that readers or writers wait for.

-- The README says why there is no `IF NOT EXISTS`.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY shops_agenda_suspended_by_idx ON shops (agenda_suspended_by)
WHERE agenda_suspended_by IS NOT NULL;
