-- Why: accounts, who may administer, and the profiles of buyers.
-- Rows: none, the tables are new. Lock: none that anybody can wait for.

CREATE TYPE user_type AS ENUM ('CLIENT', 'SHOP', 'ADMIN');
CREATE TYPE account_role AS ENUM ('UNDEFINED', 'USER', 'PENDING_STORE', 'STORE', 'ADMIN', 'SUPERADMIN');
CREATE TYPE account_status AS ENUM ('ACTIVE', 'SUSPENDED');
CREATE TYPE admin_role AS ENUM ('SUPERADMIN', 'MODERATOR');

CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    -- Trimmed and lower-cased by the writer; the constraint makes sure.
    email text NOT NULL CONSTRAINT accounts_email_key UNIQUE
        CONSTRAINT accounts_email_is_lower_case CHECK (email = lower(email)),
    firebase_uid text CONSTRAINT accounts_firebase_uid_key UNIQUE,
    user_type user_type NOT NULL DEFAULT 'CLIENT',
    role account_role NOT NULL DEFAULT 'UNDEFINED',
    status account_status NOT NULL DEFAULT 'ACTIVE',
    created_at timestamptz NOT NULL,
    last_login_at timestamptz,
    onboarding_completed_at timestamptz
);

CREATE TABLE admins (
    account_id uuid PRIMARY KEY REFERENCES accounts (id) ON DELETE RESTRICT,
    role admin_role NOT NULL DEFAULT 'MODERATOR',
    status account_status NOT NULL DEFAULT 'ACTIVE',
    created_at timestamptz NOT NULL
);

CREATE TABLE clients (
    account_id uuid PRIMARY KEY REFERENCES accounts (id) ON DELETE RESTRICT,
    display_name text,
    username text CONSTRAINT clients_username_key UNIQUE,
    avatar_url text,
    phone text,
    city text,
    province text,
    instagram_handle text,
    birth_date date,
    style_tags text [] NOT NULL DEFAULT '{}',
    marketing_opt_in boolean NOT NULL DEFAULT false,
    onboarding_terms_accepted_at timestamptz,
    profile_completed_at timestamptz,
    last_seen_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
