-- Who talks: 400 clients, each in a conversation with one of 50 shops. They signed in just now, so none is stamped meanwhile.

INSERT INTO accounts (
    id, email, firebase_uid, user_type, role, created_at, last_login_at, onboarding_completed_at
)
SELECT
    ('0a000000-0000-7000-8001-' || lpad(to_hex(n), 12, '0'))::uuid,
    'client-' || n || '@avvivo.example', 'client-' || n || '@avvivo.example',
    'CLIENT', 'USER', now(), now(), now()
FROM generate_series(1, 400) AS n;

INSERT INTO clients (account_id, display_name, city, created_at, updated_at)
SELECT ('0a000000-0000-7000-8001-' || lpad(to_hex(n), 12, '0'))::uuid, 'Marta ' || n, 'Buenos Aires', now(), now()
FROM generate_series(1, 400) AS n;

INSERT INTO accounts (
    id, email, firebase_uid, user_type, role, created_at, last_login_at, onboarding_completed_at
)
SELECT
    ('0a000000-0000-7000-8002-' || lpad(to_hex(n), 12, '0'))::uuid,
    'owner-' || n || '@avvivo.example', 'owner-' || n || '@avvivo.example',
    'SHOP', 'STORE', now(), now(), now()
FROM generate_series(1, 50) AS n;

INSERT INTO shops (
    id, name, slug, owner_account_id, logo_url, plan, plan_tier, status, status_changed_at, normalized_name, created_at,
    updated_at
)
SELECT
    ('05000000-0000-7000-8002-' || lpad(to_hex(n), 12, '0'))::uuid,
    'Mayorista Avellaneda ' || n,
    'mayorista-avellaneda-' || n,
    ('0a000000-0000-7000-8002-' || lpad(to_hex(n), 12, '0'))::uuid,
    'https://media.avvivo.example/shops/' || md5('logo' || n) || '/logo.webp',
    'PRO', 'MAXIMA', 'ACTIVE', now(), 'mayorista avellaneda ' || n, now(), now()
FROM generate_series(1, 50) AS n;

INSERT INTO chat_conversations (id, client_account_id, shop_id, shop_name, created_at, updated_at)
SELECT
    ('0c000000-0000-7000-8001-' || lpad(to_hex(n), 12, '0'))::uuid,
    ('0a000000-0000-7000-8001-' || lpad(to_hex(n), 12, '0'))::uuid,
    ('05000000-0000-7000-8002-' || lpad(to_hex(1 + n % 50), 12, '0'))::uuid,
    'Mayorista Avellaneda ' || 1 + n % 50,
    now(),
    now()
FROM generate_series(1, 400) AS n;

VACUUM (ANALYZE);
