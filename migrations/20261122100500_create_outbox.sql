-- Why: what a commit has to tell the world, written in that commit; and the leases of periodic jobs.
-- Rows: none, the tables are new. Lock: none that anybody can wait for.

CREATE TYPE outbox_kind AS ENUM ('EVENT', 'JOB');

-- A row is deleted when the bus or the queue has confirmed it, and not before.
CREATE TABLE outbox (
    -- The order in which rows were written. Within an audience it follows `audience_sequences`, whose row lock makes
    -- writers of one audience commit one after the other.
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL CONSTRAINT outbox_id_key UNIQUE,
    kind outbox_kind NOT NULL,
    -- EVENT: the audience. JOB: the queue.
    destination text NOT NULL,
    -- JOB: what makes the job this job.
    job_name text,
    -- EVENT: its number in its audience, which the payload leaves out.
    sequence bigint,
    payload bytea NOT NULL,
    traceparent text,
    not_before timestamptz,
    created_at timestamptz NOT NULL,
    -- Set while some relay is handing it over; free again when that time has passed.
    claimed_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    last_error text,
    -- Set when the bus or the queue will never take it: it is kept for people to look at, and no longer in anybody's way.
    refused_at timestamptz,
    CONSTRAINT outbox_job_has_a_name CHECK ((kind = 'JOB') = (job_name IS NOT NULL)),
    CONSTRAINT outbox_event_has_a_number CHECK ((kind = 'EVENT') = (sequence IS NOT NULL))
);

-- The oldest of a kind that somebody may still take; refused ones are kept, and would pile up in front of it.
CREATE INDEX outbox_claim_idx ON outbox (kind, position) WHERE refused_at IS NULL;
CREATE INDEX outbox_event_order_idx ON outbox (destination, position) WHERE kind = 'EVENT';

-- The number of the last event of each audience.
CREATE TABLE audience_sequences (
    audience text PRIMARY KEY,
    last bigint NOT NULL CHECK (last > 0)
);

-- Who runs a periodic job now, and how its last run went.
CREATE TABLE job_leases (
    name text PRIMARY KEY,
    holder uuid,
    until timestamptz,
    last_started_at timestamptz,
    last_finished_at timestamptz,
    last_report jsonb,
    last_error text
);
