-- What the feed is read from: 200 shops with 5,000 live reels of the last day, a client and an administrator.
-- Texts are as long as real ones; everything is the same on every machine but the time of day.

INSERT INTO accounts (
    id, email, firebase_uid, user_type, role, created_at, last_login_at, onboarding_completed_at
)
VALUES
('0a000000-0000-7000-8000-000000000001', 'admin@avvivo.example', 'admin@avvivo.example', 'ADMIN', 'SUPERADMIN', now(), now(), now()),
('0a000000-0000-7000-8000-000000000002', 'client@avvivo.example', 'client@avvivo.example', 'CLIENT', 'USER', now(), now(), now());

INSERT INTO admins (account_id, role, created_at)
VALUES ('0a000000-0000-7000-8000-000000000001', 'SUPERADMIN', now());

INSERT INTO clients (account_id, display_name, city, created_at, updated_at)
VALUES ('0a000000-0000-7000-8000-000000000002', 'Marta R.', 'Buenos Aires', now(), now());

INSERT INTO shops (
    id, name, slug, logo_url, cover_url, website, address, address_details, plan, plan_tier, status, status_changed_at,
    normalized_name, created_at, updated_at
)
SELECT
    ('05000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
    'Indumentaria Avellaneda ' || n,
    'indumentaria-avellaneda-' || n,
    'https://media.avvivo.example/shops/' || md5('logo' || n) || '/logo.webp',
    'https://media.avvivo.example/shops/' || md5('cover' || n) || '/cover.webp',
    'https://tienda-' || n || '.example',
    'Av. Avellaneda ' || 2000 + n,
    jsonb_build_object(
        'street', 'Av. Avellaneda ' || 2000 + n, 'lat', -34.6287 + n * 0.00001, 'lng', -58.4762 - n * 0.00001,
        'mapsUrl', 'https://maps.example/?q=-34.6287,-58.4762', 'floor', '1'
    ),
    'PRO', 'MAXIMA', 'ACTIVE', now(), 'indumentaria avellaneda ' || n, now(), now()
FROM generate_series(1, 200) AS n;

INSERT INTO reels (
    id, shop_id, type, status, platform, preset_label, duration_seconds, editor_state, video_url, thumbnail_url, views,
    created_at, expires_at, render_stage, render_progress, render_attempts, rendered_at, render_report, traceparent
)
SELECT
    md5('reel' || n)::uuid,
    ('05000000-0000-7000-8000-' || lpad(to_hex(1 + n % 200), 12, '0'))::uuid,
    'VIDEO', 'ACTIVE', 'Instagram', 'Nueva llegada', 12,
    jsonb_build_object(
        'version', 1, 'fit', 'contain', 'mediaBackground', jsonb_build_object('mode', 'blur', 'blur', 24),
        'trim', jsonb_build_object('start', 0.4, 'end', 12.4),
        'layers', jsonb_build_array(
            jsonb_build_object('type', 'text', 'text', 'Curva completa $' || n, 'x', 0.5, 'y', 0.82, 'size', 48, 'color', '#ffffff'),
            jsonb_build_object('type', 'sticker', 'name', 'nuevo', 'x', 0.2, 'y', 0.1, 'scale', 1.2)
        )
    ),
    'https://media.avvivo.example/reels/' || md5('reel' || n) || '/v1/video.mp4',
    'https://media.avvivo.example/reels/' || md5('reel' || n) || '/v1/thumbnail.jpg',
    n % 700,
    now() - n * interval '17 seconds', now() - n * interval '17 seconds' + interval '1 day',
    'DONE', 100, 1, now() - n * interval '17 seconds' + interval '20 seconds',
    '{"copied": false, "width": 1080, "height": 1920, "seconds": 12.0, "cpu_seconds": 19.4, "bytes": 4718592}',
    '00-' || md5('trace' || n) || '-' || left(md5('span' || n), 16) || '-01'
FROM generate_series(0, 4999) AS n;

VACUUM (ANALYZE);
