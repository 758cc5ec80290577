-- no-transaction
-- Why: all shops by name, for shops and administrators. Names are put in the order of the form in which they are
-- compared, by bytes: the same on every machine, and without regard to case and accents.
-- Rows: none are changed. Lock: none that readers or writers wait for.

-- The README says why there is no `IF NOT EXISTS`.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY shops_name_idx ON shops ((coalesce(normalized_name, name)) COLLATE "C", id);
