-- Why: a commit may also have a mail to be sent, or an address to be found on the map. Both wait for somebody outside.
-- Rows: none. Lock: of the type's catalogue entry, for an instant; nobody reads or writes these values yet.

ALTER TYPE outbox_kind ADD VALUE 'PLACE' AFTER 'JOB';
ALTER TYPE outbox_kind ADD VALUE 'MAIL' AFTER 'JOB';
