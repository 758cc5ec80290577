-- no-transaction
-- Why: whether somebody registered with an address already.
-- Rows: none are changed. Lock: none that readers or writers wait for.

-- The README says why there is no `IF NOT EXISTS`.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY shops_contact_email_private_idx ON shops (contact_email_private);
