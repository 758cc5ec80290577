-- Why: the shops that people keep, and the lives that they want to be reminded of.
-- Rows: none, the tables are new. Lock: none that anybody can wait for.

CREATE TYPE reminder_status AS ENUM ('ACTIVE', 'CANCELED', 'SENT');

CREATE TABLE favorites (
    account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    shop_id uuid NOT NULL REFERENCES shops (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, shop_id)
);

-- The list, newest first.
CREATE INDEX favorites_account_id_created_at_idx ON favorites (account_id, created_at DESC, shop_id DESC);
-- What deleting a shop looks up.
CREATE INDEX favorites_shop_id_idx ON favorites (shop_id);

CREATE TABLE reminders (
    account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    stream_id uuid NOT NULL REFERENCES streams (id) ON DELETE CASCADE,
    status reminder_status NOT NULL DEFAULT 'ACTIVE',
    notify_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, stream_id)
);

-- The list: what comes next first.
CREATE INDEX reminders_active_idx ON reminders (account_id, notify_at, stream_id) WHERE status = 'ACTIVE';
-- Who is to be told about a live.
CREATE INDEX reminders_stream_id_status_idx ON reminders (stream_id, status);
