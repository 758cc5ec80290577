-- Why: what each audience was told lately, so that whoever reconnects hears what it missed, from any instance.
-- Rows: none, the table is new. Lock: none that anybody can wait for.

CREATE TABLE audience_events (
    audience text NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    -- The event without its number, as the bus carries it.
    event bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (audience, sequence)
);

-- What is too old is deleted, oldest first.
CREATE INDEX audience_events_created_at_idx ON audience_events (created_at);
