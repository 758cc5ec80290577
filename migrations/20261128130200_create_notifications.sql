-- Why: what people are told inside the product.
-- Rows: none, the table is new. Lock: none that anybody can wait for.

CREATE TYPE notification_type AS ENUM ('SYSTEM', 'REMINDER', 'PURCHASE');
CREATE TYPE notification_status AS ENUM ('QUEUED', 'SENT', 'FAILED', 'CANCELED');

CREATE TABLE notifications (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    message text NOT NULL,
    type notification_type NOT NULL DEFAULT 'SYSTEM',
    -- What it is about: a live, a purchase, a report or a shop. No reference: it says what it said when that is gone.
    ref_id uuid,
    notify_at timestamptz,
    status notification_status NOT NULL DEFAULT 'QUEUED',
    sent_at timestamptz,
    payload jsonb,
    read boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL
);

-- Somebody's list, newest first.
CREATE INDEX notifications_account_id_created_at_idx ON notifications (account_id, created_at DESC, id DESC);
-- Everybody's, for administrators.
CREATE INDEX notifications_created_at_idx ON notifications (created_at DESC, id DESC);
-- How many somebody has not read.
CREATE INDEX notifications_unread_idx ON notifications (account_id)
WHERE NOT read AND status IN ('QUEUED', 'SENT');
-- Somebody is reminded of a live once. Led by the live: what moves or ends it looks up all of its reminders.
CREATE UNIQUE INDEX notifications_one_reminder_idx ON notifications (ref_id, account_id)
WHERE type = 'REMINDER' AND status IN ('QUEUED', 'SENT');
