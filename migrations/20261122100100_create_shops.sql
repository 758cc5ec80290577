-- Why: the shops, with everything that decides what they may do and what is shown of them.
-- Rows: none, the table is new. Lock: none that anybody can wait for.

CREATE TYPE shop_status AS ENUM ('PENDING_VERIFICATION', 'ACTIVE', 'AGENDA_SUSPENDED', 'HIDDEN', 'BANNED');
CREATE TYPE shop_plan_tier AS ENUM ('NONE', 'BASICO', 'MEDIA', 'MAXIMA');
CREATE TYPE shop_registration_source AS ENUM ('ADMIN', 'SELF_SERVICE');
CREATE TYPE shop_visibility AS ENUM ('LIT', 'DIMMED', 'HIDDEN');
CREATE TYPE shop_verification AS ENUM ('VERIFIED', 'UNVERIFIED', 'REJECTED');

CREATE TABLE shops (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    slug text NOT NULL CONSTRAINT shops_slug_key UNIQUE,
    -- The only thing that makes somebody the owner.
    owner_account_id uuid CONSTRAINT shops_owner_account_id_key UNIQUE REFERENCES accounts (id) ON DELETE SET NULL,
    logo_url text,
    cover_url text,
    website text,
    email text CONSTRAINT shops_email_key UNIQUE
        CONSTRAINT shops_email_is_lower_case CHECK (email = lower(email)),
    requires_email_fix boolean NOT NULL DEFAULT false,
    razon_social text,
    -- Digits only.
    cuit text CONSTRAINT shops_cuit_is_eleven_digits CHECK (cuit ~ '^[0-9]{11}$'),
    address text,
    address_details jsonb,
    address_base text,
    address_display text,
    normalized_address_base text,
    normalized_name text,
    is_gallery boolean NOT NULL DEFAULT false,
    gallery_name text,
    gallery_local text,
    gallery_floor text,
    minimum_purchase integer NOT NULL DEFAULT 0,
    payment_methods text [] NOT NULL DEFAULT '{}',
    -- The plan as it was sold, in the words of the day; `plan_tier` is what it means.
    plan text NOT NULL DEFAULT 'BASIC',
    plan_tier shop_plan_tier NOT NULL DEFAULT 'BASICO',
    status shop_status NOT NULL DEFAULT 'PENDING_VERIFICATION',
    status_reason text,
    status_changed_at timestamptz,
    registration_source shop_registration_source NOT NULL DEFAULT 'ADMIN',
    visibility shop_visibility NOT NULL DEFAULT 'LIT',
    verification shop_verification NOT NULL DEFAULT 'VERIFIED',
    contacts_public boolean NOT NULL DEFAULT true,
    contact_email_private text,
    contact_whatsapp_private text,
    intake_meta jsonb,
    owner_accepted_at timestamptz,
    agenda_suspended_until timestamptz,
    agenda_suspended_by uuid REFERENCES accounts (id) ON DELETE SET NULL,
    agenda_suspended_reason text,
    stream_quota integer NOT NULL DEFAULT 0,
    reel_quota integer NOT NULL DEFAULT 0,
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- The feed and the showcase leave out the reels of these shops, which are few.
CREATE INDEX shops_out_of_sight_idx ON shops (id) WHERE status IN ('HIDDEN', 'BANNED');
