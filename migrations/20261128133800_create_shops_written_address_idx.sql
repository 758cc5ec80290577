-- no-transaction
-- Why: shops whose address nobody could take apart are looked through one by one; they are few.
-- Rows: none are changed. Lock: none that readers or writers wait for.

-- The README says why there is no `IF NOT EXISTS`.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY shops_written_address_idx ON shops (id) WHERE normalized_address_base IS NULL;
