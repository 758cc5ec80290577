-- Why: a browser's EventSource cannot send headers; it opens a stream with a ticket that is good for one use, soon.
-- Rows: none, the table is new. Lock: none that anybody can wait for.

CREATE TABLE realtime_tickets (
    -- SHA-256 of the ticket: whoever reads the table can open nothing.
    hash bytea PRIMARY KEY,
    -- What the token said of its bearer; rights are looked up again when the ticket is used.
    uid text NOT NULL,
    email text NOT NULL,
    email_verified boolean NOT NULL,
    token_expires_at timestamptz NOT NULL,
    topics text [] NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX realtime_tickets_expires_at_idx ON realtime_tickets (expires_at);
