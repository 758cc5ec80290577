-- no-transaction
-- Why: whether somebody registered with a telephone already.
-- Rows: none are changed. Lock: none that readers or writers wait for.

-- The README says why there is no `IF NOT EXISTS`.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY shops_contact_whatsapp_private_idx ON shops (contact_whatsapp_private);
