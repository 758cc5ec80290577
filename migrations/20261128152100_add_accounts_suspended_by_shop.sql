-- Why: whether it was a shop that suspended its owner; only that ends with the shop's being let in or given away.
-- Rows: none are rewritten, the default is a constant. Lock: access exclusive, for an instant.

ALTER TABLE accounts ADD COLUMN suspended_by_shop boolean NOT NULL DEFAULT false;
