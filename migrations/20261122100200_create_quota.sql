-- Why: what a shop may publish (wallet) and every movement that changed it (ledger).
-- Rows: none, the tables are new. Lock: none that anybody can wait for.

CREATE TYPE quota_resource AS ENUM ('LIVE', 'REEL');
CREATE TYPE quota_direction AS ENUM ('CREDIT', 'DEBIT');
CREATE TYPE quota_reason AS ENUM (
    'PLAN_BASE', 'PURCHASE', 'MANUAL_COMP', 'MISSED_BURN', 'CANCEL_BURN', 'REPROGRAM', 'ADMIN_OVERRIDE',
    'EXPIRED_REEL', 'LEGACY_MIGRATION'
);
CREATE TYPE quota_ref_type AS ENUM ('PURCHASE', 'LIVE', 'ADMIN', 'SYSTEM');
CREATE TYPE quota_actor_type AS ENUM ('ADMIN', 'SHOP', 'SYSTEM');

-- One row a shop. Whoever spends locks it first, so two requests cannot spend the same slot.
CREATE TABLE quota_wallets (
    shop_id uuid PRIMARY KEY REFERENCES shops (id) ON DELETE CASCADE,
    weekly_live_base_limit integer NOT NULL DEFAULT 0 CHECK (weekly_live_base_limit >= 0),
    weekly_live_used integer NOT NULL DEFAULT 0 CHECK (weekly_live_used >= 0),
    -- Monday of the week that `weekly_live_used` counts, in Buenos Aires.
    weekly_live_week date,
    live_extra_balance integer NOT NULL DEFAULT 0 CHECK (live_extra_balance >= 0),
    reel_daily_limit integer NOT NULL DEFAULT 0 CHECK (reel_daily_limit >= 0),
    reel_daily_used integer NOT NULL DEFAULT 0 CHECK (reel_daily_used >= 0),
    -- The day that `reel_daily_used` counts, in Buenos Aires.
    reel_day date,
    reel_extra_balance integer NOT NULL DEFAULT 0 CHECK (reel_extra_balance >= 0)
);

CREATE TABLE quota_ledger (
    id uuid PRIMARY KEY,
    shop_id uuid NOT NULL REFERENCES shops (id) ON DELETE CASCADE,
    resource quota_resource NOT NULL,
    direction quota_direction NOT NULL,
    amount integer NOT NULL CHECK (amount > 0),
    reason quota_reason NOT NULL,
    ref_type quota_ref_type NOT NULL,
    ref_id uuid NOT NULL,
    actor_type quota_actor_type NOT NULL,
    actor_id uuid,
    -- The business day whose slot was taken or given back; what a refund on a later day must not touch.
    business_day date NOT NULL,
    created_at timestamptz NOT NULL,
    -- The same thing is charged once and given back once.
    CONSTRAINT quota_ledger_once_per_reference UNIQUE (ref_id, resource, direction)
);

CREATE INDEX quota_ledger_shop_id_created_at_idx ON quota_ledger (shop_id, created_at DESC);
