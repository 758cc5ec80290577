-- Why: what somebody may have to answer for: who changed what, when and why. Entries are added, never changed.
-- Rows: none, the table is new. Lock: none that anybody can wait for.

CREATE TYPE audit_actor_type AS ENUM ('CLIENT', 'SHOP', 'ADMIN', 'ANONYMOUS', 'SYSTEM');
CREATE TYPE audit_subject_kind AS ENUM (
    'SHOP', 'ACCOUNT', 'LIVE', 'REEL', 'PURCHASE', 'SUSPENSION', 'NOTIFICATION'
);

CREATE TABLE audit_log (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    actor_type audit_actor_type NOT NULL,
    -- No references: an entry outlives whom and what it is about.
    actor_account_id uuid,
    action text NOT NULL,
    subject_kind audit_subject_kind NOT NULL,
    subject_id uuid NOT NULL,
    reason text,
    -- The fields that changed, as they were and as they are.
    before jsonb NOT NULL DEFAULT '{}',
    after jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT audit_log_accounts_act CHECK (
        (actor_account_id IS NULL) = (actor_type IN ('ANONYMOUS', 'SYSTEM'))
    )
);

-- Newest first: everything, of one thing, of one person, of one kind.
CREATE INDEX audit_log_at_idx ON audit_log (at DESC, id DESC);
CREATE INDEX audit_log_subject_idx ON audit_log (subject_id, at DESC, id DESC);
CREATE INDEX audit_log_actor_idx ON audit_log (actor_account_id, at DESC, id DESC);
CREATE INDEX audit_log_action_idx ON audit_log (action, at DESC, id DESC);

CREATE FUNCTION refuse_to_change_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only added to'
        USING ERRCODE = 'restrict_violation', TABLE = 'audit_log', CONSTRAINT = 'audit_log_is_append_only';
END;
$$;

CREATE TRIGGER audit_log_is_append_only
BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_audit_log();
