-- Why: whether who signs in to an account has proven its address; who has not loses it when somebody is given a shop by that
-- address.
-- Rows: none are rewritten, the default is a constant. Lock: access exclusive, for an instant.

ALTER TABLE accounts ADD COLUMN email_proven boolean NOT NULL DEFAULT false;
