-- Why: when shops were kept from scheduling, by whom and what for; the shop itself has only how it stands now.
-- Rows: none, the table is new. Lock: none that anybody can wait for.

-- For a constraint over an id and a range of time.
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE agenda_suspensions (
    id uuid PRIMARY KEY,
    shop_id uuid NOT NULL REFERENCES shops (id) ON DELETE CASCADE,
    start_at timestamptz NOT NULL,
    -- Moved when it is lifted, or the shop's is.
    end_at timestamptz NOT NULL,
    reason text NOT NULL,
    -- None when it followed from reports.
    created_by uuid REFERENCES accounts (id) ON DELETE SET NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT agenda_suspensions_end_after_they_start CHECK (end_at >= start_at),
    -- So there is one at a time, and whoever sanctions finds the one that is open.
    CONSTRAINT agenda_suspensions_do_not_overlap EXCLUDE USING gist (
        shop_id WITH =, tstzrange(start_at, end_at) WITH &&
    )
);

-- The one that is open, and what deleting a shop looks up.
CREATE INDEX agenda_suspensions_shop_id_end_at_idx ON agenda_suspensions (shop_id, end_at);
-- What deleting an account looks up.
CREATE INDEX agenda_suspensions_created_by_idx ON agenda_suspensions (created_by) WHERE created_by IS NOT NULL;
