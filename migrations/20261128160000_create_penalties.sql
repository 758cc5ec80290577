-- Why: the penalties that the platform before this one gave out, which shops and administrators still see.
-- Rows: none, the table is new. Lock: none that anybody can wait for.

-- Only the import writes it: since there are suspensions, nobody is given a penalty.
CREATE TABLE penalties (
    id uuid PRIMARY KEY,
    shop_id uuid NOT NULL REFERENCES shops (id) ON DELETE CASCADE,
    reason text NOT NULL,
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL
);

-- A shop's, newest first, and what deleting a shop looks up.
CREATE INDEX penalties_shop_id_created_at_idx ON penalties (shop_id, created_at DESC, id DESC);
