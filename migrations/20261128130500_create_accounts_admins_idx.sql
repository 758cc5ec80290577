-- no-transaction
-- Why: who is told of what administrators have to look at; they are few among all accounts.
-- Rows: none are changed. Lock: none that readers or writers wait for.

-- The README says why there is no `IF NOT EXISTS`.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY accounts_admins_idx ON accounts (id) WHERE user_type = 'ADMIN';
