-- Why: what became of a live's place in the agenda, who moved it and why. Rows are added, never changed.
-- Rows: none, the table is new. Lock: none that anybody can wait for.

CREATE TYPE live_schedule_action AS ENUM (
    'CREATE', 'EDIT', 'CANCEL', 'AUTO_REPROGRAM', 'SET_PENDING_REPROGRAM', 'ADMIN_OVERRIDE', 'AUTO_START', 'AUTO_FINISH'
);
CREATE TYPE live_schedule_actor_type AS ENUM ('ADMIN', 'SHOP', 'SYSTEM');

CREATE TABLE live_schedule_events (
    id uuid PRIMARY KEY,
    live_id uuid NOT NULL REFERENCES streams (id) ON DELETE CASCADE,
    shop_id uuid NOT NULL REFERENCES shops (id) ON DELETE CASCADE,
    action live_schedule_action NOT NULL,
    from_scheduled_at timestamptz,
    -- Of a live that found no day: where it would have gone.
    to_scheduled_at timestamptz,
    reason text,
    actor_type live_schedule_actor_type NOT NULL,
    -- No reference: an event outlives whose it was.
    actor_id uuid,
    created_at timestamptz NOT NULL,
    CONSTRAINT live_schedule_events_accounts_act CHECK ((actor_id IS NULL) = (actor_type = 'SYSTEM'))
);

-- A live's, and what deleting it looks up.
CREATE INDEX live_schedule_events_live_id_idx ON live_schedule_events (live_id);
-- What deleting a shop looks up.
CREATE INDEX live_schedule_events_shop_id_idx ON live_schedule_events (shop_id);
