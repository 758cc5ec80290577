-- Why: uploads that were confirmed, with the version that was seen, so that a file swapped later is noticed; and files
-- that nothing needs any more, to be deleted later.
-- Rows: none, the tables are new. Lock: none that anybody can wait for.

CREATE TABLE confirmed_uploads (
    path text PRIMARY KEY,
    shop_id uuid NOT NULL REFERENCES shops (id) ON DELETE CASCADE,
    generation bigint NOT NULL,
    size_bytes bigint NOT NULL CHECK (size_bytes > 0),
    content_type text NOT NULL,
    confirmed_at timestamptz NOT NULL
);

CREATE INDEX confirmed_uploads_confirmed_at_idx ON confirmed_uploads (confirmed_at);
CREATE INDEX confirmed_uploads_shop_id_idx ON confirmed_uploads (shop_id);

-- Objects to delete once `delete_after` has passed.
CREATE TABLE object_tombstones (
    path text PRIMARY KEY,
    delete_after timestamptz NOT NULL
);

CREATE INDEX object_tombstones_delete_after_idx ON object_tombstones (delete_after);
