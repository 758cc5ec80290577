-- Why: what shops ask to buy, and what administrators credit them.
-- Rows: none, the table is new. Lock: none that anybody can wait for.

CREATE TYPE purchase_type AS ENUM ('LIVE_PACK', 'REEL_PACK', 'PLAN_UPGRADE');
CREATE TYPE purchase_status AS ENUM ('PENDING', 'APPROVED', 'REJECTED', 'CANCELLED');

CREATE TABLE purchase_requests (
    id uuid PRIMARY KEY,
    shop_id uuid NOT NULL REFERENCES shops (id) ON DELETE CASCADE,
    type purchase_type NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    status purchase_status NOT NULL,
    created_at timestamptz NOT NULL,
    approved_at timestamptz,
    approved_by uuid REFERENCES accounts (id) ON DELETE SET NULL,
    payment_proof_url text,
    notes text,
    payment_provider text,
    payment_status text,
    payment_ref text,
    payment_preference_id text,
    CONSTRAINT purchase_requests_are_approved_at_some_time CHECK ((status = 'APPROVED') = (approved_at IS NOT NULL))
);

-- A shop's own, newest first.
CREATE INDEX purchase_requests_shop_id_created_at_idx ON purchase_requests (shop_id, created_at DESC, id DESC);
-- What administrators have to look at.
CREATE INDEX purchase_requests_status_created_at_idx ON purchase_requests (status, created_at DESC, id DESC);
-- What deleting an account looks up.
CREATE INDEX purchase_requests_approved_by_idx ON purchase_requests (approved_by) WHERE approved_by IS NOT NULL;
