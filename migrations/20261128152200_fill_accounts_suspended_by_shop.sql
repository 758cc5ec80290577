-- Why: until now only shops suspended accounts.
-- Rows: the suspended owners of shops that were turned away or thrown out, a few. Lock: those rows.

UPDATE accounts AS a
SET suspended_by_shop = true
FROM shops AS s
WHERE s.owner_account_id = a.id AND s.status IN ('HIDDEN', 'BANNED') AND a.status = 'SUSPENDED';
