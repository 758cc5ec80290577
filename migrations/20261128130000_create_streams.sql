-- Why: the lives that shops announce, who likes them, and how they and their shops are rated.
-- Rows: none, the tables are new. Lock: none that anybody can wait for.

CREATE TYPE stream_status AS ENUM (
    'UPCOMING', 'LIVE', 'FINISHED', 'MISSED', 'CANCELLED', 'BANNED', 'PENDING_REPROGRAMMATION'
);

CREATE TABLE streams (
    id uuid PRIMARY KEY,
    shop_id uuid NOT NULL REFERENCES shops (id) ON DELETE RESTRICT,
    title text NOT NULL,
    description text,
    status stream_status NOT NULL DEFAULT 'UPCOMING',
    platform social_platform NOT NULL DEFAULT 'Instagram',
    url text,
    scheduled_at timestamptz NOT NULL,
    scheduled_end_planned timestamptz,
    timezone text NOT NULL DEFAULT 'America/Argentina/Buenos_Aires',
    start_time timestamptz,
    end_time timestamptz,
    duration_minutes integer CHECK (duration_minutes >= 0),
    extension_count integer NOT NULL DEFAULT 0 CHECK (extension_count >= 0),
    cancelled_at timestamptz,
    cancel_reason text,
    hidden boolean NOT NULL DEFAULT false,
    visibility_reason text,
    views integer NOT NULL DEFAULT 0 CHECK (views >= 0),
    likes integer NOT NULL DEFAULT 0 CHECK (likes >= 0),
    report_count integer NOT NULL DEFAULT 0 CHECK (report_count >= 0),
    edit_count integer NOT NULL DEFAULT 0 CHECK (edit_count >= 0),
    last_edited_at timestamptz,
    -- Where it was before the first time that we moved it.
    original_scheduled_at timestamptz,
    reprogrammed_from_id uuid REFERENCES streams (id) ON DELETE SET NULL,
    reprogram_reason text,
    pending_reprogram_note text,
    -- Shared by what one sanction moved.
    reprogram_batch_id uuid,
    created_at timestamptz NOT NULL
);

-- A shop's own agenda, what it has on a day, and what deleting a shop looks up.
CREATE INDEX streams_shop_id_status_scheduled_at_idx ON streams (shop_id, status, scheduled_at);
-- What is on, what comes next, and what the lifecycle has to move.
CREATE INDEX streams_status_scheduled_at_idx ON streams (status, scheduled_at);
-- The lists over every status, newest first.
CREATE INDEX streams_created_at_idx ON streams (created_at DESC, id DESC);
CREATE INDEX streams_reprogrammed_from_id_idx ON streams (reprogrammed_from_id) WHERE reprogrammed_from_id IS NOT NULL;

CREATE TABLE stream_likes (
    account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    stream_id uuid NOT NULL REFERENCES streams (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, stream_id)
);

CREATE INDEX stream_likes_stream_id_idx ON stream_likes (stream_id);

CREATE TABLE reviews (
    id uuid PRIMARY KEY,
    stream_id uuid NOT NULL REFERENCES streams (id) ON DELETE CASCADE,
    shop_id uuid REFERENCES shops (id) ON DELETE SET NULL,
    account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    rating smallint NOT NULL CHECK (rating BETWEEN 1 AND 5),
    comment text,
    created_at timestamptz NOT NULL,
    CONSTRAINT reviews_stream_id_account_id_key UNIQUE (stream_id, account_id)
);

CREATE INDEX reviews_shop_id_created_at_idx ON reviews (shop_id, created_at DESC);
CREATE INDEX reviews_account_id_idx ON reviews (account_id);

-- What the reviews of a shop add up to, kept in the commit that writes a review: lists read it instead of all reviews.
CREATE TABLE shop_ratings (
    shop_id uuid PRIMARY KEY REFERENCES shops (id) ON DELETE CASCADE,
    rating_sum bigint NOT NULL DEFAULT 0,
    rating_count integer NOT NULL DEFAULT 0 CHECK (rating_count >= 0),
    rating_average double precision NOT NULL GENERATED ALWAYS AS (
        coalesce(rating_sum::double precision / nullif(rating_count, 0), 0)
    ) STORED,
    updated_at timestamptz NOT NULL,
    CONSTRAINT shop_ratings_are_of_one_to_five CHECK (rating_sum BETWEEN rating_count AND 5 * rating_count::bigint)
);
