-- What the lists of shops are read from, beside the feed's: 300 more shops, so that there are 500, each with what a shop
-- shows; and a client who follows 40 of them and is reminded of 10 lives.

INSERT INTO shops (
    id, name, slug, logo_url, cover_url, website, address, address_details, plan, plan_tier, status, status_changed_at,
    normalized_name, created_at, updated_at
)
SELECT
    ('05000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
    'Textiles Cuenca ' || n,
    'textiles-cuenca-' || n,
    'https://media.avvivo.example/shops/' || md5('logo' || n) || '/logo.webp',
    'https://media.avvivo.example/shops/' || md5('cover' || n) || '/cover.webp',
    'https://tienda-' || n || '.example',
    'Cuenca ' || 300 + n,
    jsonb_build_object(
        'street', 'Cuenca', 'number', 300 + n, 'city', 'Avellaneda', 'province', 'Buenos Aires', 'zip', '1406',
        'lat', -34.6287 + n * 0.00001, 'lng', -58.4762 - n * 0.00001,
        'mapsUrl', 'https://maps.example/?q=-34.6287,-58.4762', 'legacyUid', md5('uid' || n)
    ),
    'PRO', 'MAXIMA', 'ACTIVE', now(), 'textiles cuenca ' || n, now(), now()
FROM generate_series(201, 500) AS n;

INSERT INTO shop_whatsapp_lines (shop_id, position, label, number)
SELECT id, line, 'Ventas ' || line + 1, '+54911' || 40000000 + (row_number() OVER ())
FROM shops, generate_series(0, 1) AS line;

INSERT INTO shop_social_handles (shop_id, platform, handle, position)
SELECT id, 'Instagram'::social_platform, '@' || slug, 0 FROM shops
UNION ALL
SELECT id, 'Facebook'::social_platform, slug, 1 FROM shops;

INSERT INTO shop_ratings (shop_id, rating_sum, rating_count, updated_at)
SELECT id, 9, 2, now() FROM shops;

INSERT INTO favorites (account_id, shop_id, created_at)
SELECT
    '0a000000-0000-7000-8000-000000000002',
    ('05000000-0000-7000-8000-' || lpad(to_hex(n * 12), 12, '0'))::uuid,
    now() - n * interval '1 hour'
FROM generate_series(1, 40) AS n;

INSERT INTO streams (id, shop_id, title, scheduled_at, created_at)
SELECT
    ('07000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
    ('05000000-0000-7000-8000-' || lpad(to_hex(n * 12), 12, '0'))::uuid,
    'Nueva temporada ' || n,
    now() + n * interval '1 hour',
    now()
FROM generate_series(1, 10) AS n;

INSERT INTO reminders (account_id, stream_id, notify_at, created_at)
SELECT '0a000000-0000-7000-8000-000000000002', id, scheduled_at - interval '10 minutes', now() FROM streams;

VACUUM (ANALYZE);
