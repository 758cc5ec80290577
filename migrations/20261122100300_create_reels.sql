-- Why: reels, the files they are made from, the state of their rendering, and who has seen them.
-- Rows: none, the tables are new. Lock: none that anybody can wait for.

CREATE TYPE reel_type AS ENUM ('VIDEO', 'PHOTO_SET');
CREATE TYPE reel_status AS ENUM ('ACTIVE', 'PROCESSING', 'EXPIRED', 'HIDDEN');
CREATE TYPE social_platform AS ENUM ('Instagram', 'TikTok', 'Facebook', 'YouTube');
CREATE TYPE render_stage AS ENUM (
    'CLAIMED', 'START', 'RENDER_VIDEO', 'RENDER_PHOTO_SET', 'DONE', 'ERROR', 'REQUEUED', 'FAILED_PERMANENT'
);
CREATE TYPE reel_source_role AS ENUM ('VIDEO', 'PHOTO', 'OVERLAY');

CREATE TABLE reels (
    id uuid PRIMARY KEY,
    shop_id uuid NOT NULL REFERENCES shops (id) ON DELETE RESTRICT,
    type reel_type NOT NULL,
    status reel_status NOT NULL,
    hidden boolean NOT NULL DEFAULT false,
    platform social_platform NOT NULL,
    preset_label text CONSTRAINT reels_preset_label_is_short CHECK (char_length(preset_label) <= 48),
    duration_seconds integer NOT NULL CHECK (duration_seconds > 0),
    -- What the client's editor sent, without the keys that only we may write.
    editor_state jsonb,
    -- What clients are given: the raw uploads until the rendering is done, the outputs afterwards.
    video_url text,
    photo_urls text [] NOT NULL DEFAULT '{}',
    thumbnail_url text,
    views integer NOT NULL DEFAULT 0 CHECK (views >= 0),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    -- The rendering. `render_version` counts the times it was queued on purpose and is part of the task's name.
    render_version integer NOT NULL DEFAULT 1 CHECK (render_version > 0),
    render_stage render_stage,
    render_progress smallint NOT NULL DEFAULT 0 CHECK (render_progress BETWEEN 0 AND 100),
    render_attempts integer NOT NULL DEFAULT 0 CHECK (render_attempts >= 0),
    render_error_code text,
    render_error_message text,
    render_failed_at timestamptz,
    render_requeued_at timestamptz,
    rendered_at timestamptz,
    render_report jsonb,
    -- Who renders it now. Every write of a renderer names the token, so one that lost the lease writes nothing.
    lease_token uuid CONSTRAINT reels_lease_token_key UNIQUE,
    lease_taken_at timestamptz,
    lease_until timestamptz,
    -- W3C trace context of the request that created it: what happens later belongs to that trace.
    traceparent text,
    CONSTRAINT reels_lease_is_whole CHECK ((lease_token IS NULL) = (lease_until IS NULL)),
    CONSTRAINT reels_hidden_means_hidden CHECK (hidden = (status = 'HIDDEN')),
    CONSTRAINT reels_active_has_media CHECK (status <> 'ACTIVE' OR video_url IS NOT NULL OR cardinality(photo_urls) > 0)
);

-- The public feed: the newest live ones.
CREATE INDEX reels_feed_idx ON reels (created_at DESC) INCLUDE (expires_at) WHERE status = 'ACTIVE';
-- A shop's own list, newest first; also what deleting a shop looks up.
CREATE INDEX reels_shop_id_created_at_idx ON reels (shop_id, created_at DESC);
-- The showcase and the admin's list, newest first over every status.
CREATE INDEX reels_created_at_idx ON reels (created_at DESC, id DESC);
-- What the reconcilers look for.
CREATE INDEX reels_processing_idx ON reels (created_at) WHERE status = 'PROCESSING';
CREATE INDEX reels_expiry_idx ON reels (expires_at) WHERE status = 'ACTIVE';

-- The uploads a reel is made from, pinned to the version that was there when it was created.
CREATE TABLE reel_sources (
    reel_id uuid NOT NULL REFERENCES reels (id) ON DELETE CASCADE,
    role reel_source_role NOT NULL,
    position smallint NOT NULL CHECK (position BETWEEN 0 AND 4),
    path text NOT NULL,
    generation bigint NOT NULL,
    size_bytes bigint NOT NULL CHECK (size_bytes > 0),
    content_type text NOT NULL,
    PRIMARY KEY (reel_id, role, position)
);

-- Before an object is deleted, somebody asks whether a reel is still to be rendered from it.
CREATE INDEX reel_sources_path_idx ON reel_sources (path);

-- Reels that were made under a client's key and deleted: the key makes the same id again, which must not come back to life.
CREATE TABLE deleted_reels (
    id uuid PRIMARY KEY,
    deleted_at timestamptz NOT NULL
);

CREATE TABLE reel_views (
    reel_id uuid NOT NULL REFERENCES reels (id) ON DELETE CASCADE,
    account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id uuid NOT NULL CONSTRAINT reel_views_id_key UNIQUE,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, reel_id)
);

CREATE INDEX reel_views_reel_id_idx ON reel_views (reel_id);
