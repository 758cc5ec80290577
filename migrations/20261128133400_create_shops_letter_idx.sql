-- no-transaction
-- Why: the shops of a letter, by name. Only letters without accents are asked for.
-- Rows: none are changed. Lock: none that readers or writers wait for.

-- The README says why there is no `IF NOT EXISTS`.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY shops_letter_idx ON shops (
    (upper(left(name, 1) COLLATE "C")), (coalesce(normalized_name, name)) COLLATE "C", id
);
