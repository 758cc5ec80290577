//! The lists of shops find their index among fifty thousand shops, whatever values they are planned for.

use serde_json::Value;
use uuid::Uuid;

use crate::{
    plans::{explain, prepare, statement},
    support::World,
};

/// Fifty thousand shops, three in five of which everybody sees, each with a handle and a telephone; a third have reviews.
///
/// The server's own analysis, when it comes at the same time, keeps VACUUM from finding that everybody sees every row; then
/// counting by an index is no longer cheaper.
const SHOPS: &str = "
    ALTER TABLE shops SET (autovacuum_enabled = false);
    ALTER TABLE shop_social_handles SET (autovacuum_enabled = false);
    ALTER TABLE shop_whatsapp_lines SET (autovacuum_enabled = false);
    ALTER TABLE shop_ratings SET (autovacuum_enabled = false);

    INSERT INTO shops (
        id, name, normalized_name, slug, email, cuit, contact_email_private, contact_whatsapp_private,
        normalized_address_base, status, visibility, verification, active, created_at, updated_at
    )
    SELECT
        gen_random_uuid(),
        chr(65 + n % 26) || 'anda ' || n,
        chr(97 + n % 26) || 'anda ' || n,
        'tienda-' || n,
        'tienda' || n || '@example.com',
        '30' || lpad(n::text, 9, '0'),
        'privado' || n || '@example.com',
        '+549' || lpad(n::text, 10, '0'),
        CASE WHEN n % 50 > 0 THEN 'calle ' || n % 300 || ' ' || n || ', caba, caba, argentina' END,
        CASE WHEN n % 5 = 0 THEN 'HIDDEN' WHEN n % 5 = 1 THEN 'PENDING_VERIFICATION' ELSE 'ACTIVE' END::shop_status,
        CASE WHEN n % 2 = 0 THEN 'LIT' ELSE 'DIMMED' END::shop_visibility,
        'VERIFIED',
        true,
        now(),
        now()
    FROM generate_series(1, 50000) AS n;

    INSERT INTO shop_social_handles (shop_id, platform, handle, position) SELECT id, 'Instagram', slug, 0 FROM shops;
    INSERT INTO shop_whatsapp_lines (shop_id, position, label, number) SELECT id, 0, 'Ventas', '+5491144445555' FROM shops;
    INSERT INTO shop_ratings (shop_id, rating_sum, rating_count, updated_at)
    SELECT id, 9, 2, now() FROM shops WHERE right(slug, 1) IN ('1', '2', '3');

    VACUUM ANALYZE shops;
    VACUUM ANALYZE shop_social_handles;
    VACUUM ANALYZE shop_whatsapp_lines;
    VACUUM ANALYZE shop_ratings;
";

async fn street() -> World {
    let world = World::new().await;
    // VACUUM takes no part in a transaction, which several statements sent at once are.
    for statement in SHOPS
        .split(';')
        .filter(|statement| !statement.trim().is_empty())
    {
        world.run(statement).await;
    }
    world
}

/// Every index is used, no shop is looked at in passing, and none is sorted by name.
async fn searches(world: &World, pieces: &[&str], arguments: &str, indexes: &[&str]) {
    let query = statement(pieces);
    let mut conn = world.pool().acquire().await.unwrap();
    for mode in ["force_custom_plan", "force_generic_plan"] {
        prepare(&mut conn, mode, &query).await;
        let nodes = explain(&mut conn, arguments).await;
        let text =
            |node: &Value, key: &str| node.get(key).map(ToString::to_string).unwrap_or_default();
        for index in indexes {
            let used = nodes
                .iter()
                .any(|node| text(node, "Index Name").contains(index));
            assert!(used, "{mode}, {index}: {nodes:#?}");
        }
        let passes = nodes
            .iter()
            .any(|node| text(node, "Node Type") == "\"Seq Scan\"");
        assert!(!passes, "{mode}: {nodes:#?}");
        let sorts = nodes
            .iter()
            .any(|node| text(node, "Sort Key").contains("normalized_name"));
        assert!(!sorts, "{mode}: {nodes:#?}");
    }
}

#[tokio::test]
async fn every_list_of_shops_reads_its_page_in_order_from_an_index() {
    let world = street().await;
    // Which shops a page has is found in the index of names, and the shops by their ids: nothing is read of those before it.
    let public = ["rating_count", "p.verification = 'VERIFIED'", "LIMIT $1"];
    let found = ["shops_public_name_idx", "shops_pkey"];
    searches(&world, &public, "120, 240", &found).await;
    let all = ["rating_count", "FROM shops AS p\n            ORDER BY"];
    let found = ["shops_name_idx", "shops_pkey"];
    searches(&world, &all, "120, 240", &found).await;
    let letter = ["upper(left(p.name, 1)"];
    let found = ["shops_letter_idx", "shops_pkey"];
    for among in ["true", "false"] {
        let arguments = format!("'L', {among}, 34, 0");
        searches(&world, &letter, &arguments, &found).await;
    }
    let one = ["rating_count", "WHERE s.id = $1"];
    let nobody = "'00000000-0000-7000-8000-000000000001'";
    searches(&world, &one, nobody, &["shops_pkey"]).await;
    let count = ["count(*) AS \"count!\"", "FROM shops AS s"];
    searches(&world, &count, "", &["shops_public_name_idx"]).await;
}

#[tokio::test]
async fn what_is_kept_beside_shops_is_found_by_their_ids() {
    let world = street().await;
    for statement in [
        "INSERT INTO quota_wallets (shop_id) SELECT id FROM shops",
        "INSERT INTO penalties (id, shop_id, reason, created_at)
         SELECT gen_random_uuid(), s.id, 'x', now() - n * interval '1 day' FROM shops AS s, generate_series(1, 2) AS n",
        "INSERT INTO agenda_suspensions (id, shop_id, start_at, end_at, reason, created_at)
         SELECT gen_random_uuid(), id, now(), now() + interval '7 days', 'x', now() FROM shops",
        "ANALYZE quota_wallets, penalties, agenda_suspensions",
    ] {
        world.run(statement).await;
    }
    // As many as a page for administrators has.
    let ids: Vec<String> = (0..500)
        .map(|n| format!("'{}'", Uuid::from_u128(n)))
        .collect();
    let some = format!("ARRAY[{}]::uuid[]", ids.join(", "));
    let wallets = ["FROM quota_wallets", "shop_id = ANY($1)"];
    searches(&world, &wallets, &some, &["quota_wallets_pkey"]).await;
    let penalties = ["FROM penalties"];
    let newest = ["penalties_shop_id_created_at_idx"];
    searches(&world, &penalties, &format!("{some}, 50"), &newest).await;
    let nobody = "'00000000-0000-7000-8000-000000000001', now(), now()";
    // By its index or by the constraint's: of one shop there are few.
    let open = ["agenda_suspensions_"];
    searches(&world, &["UPDATE agenda_suspensions"], nobody, &open).await;
}

#[tokio::test]
async fn whoever_registers_is_compared_by_indexes() {
    let world = street().await;
    searches(
        &world,
        &["name_taken!"],
        "'landa 37', '30000000037', 'privado37@example.com', '+5490000000037'",
        &[
            "shops_live_name_key",
            "shops_cuit_key",
            "shops_email_key",
            "shops_contact_email_private_idx",
            "shops_contact_whatsapp_private_idx",
        ],
    )
    .await;
    searches(
        &world,
        &["strpos("],
        "'calle 37 37,', 'calle 37 37-', 'Calle 37', 500",
        &[
            "shops_normalized_address_base_idx",
            "shops_written_address_idx",
        ],
    )
    .await;
    searches(
        &world,
        &["SELECT slug"],
        "'tienda-37', 'tienda-37.', 200",
        &["shops_slug_idx"],
    )
    .await;
}

#[tokio::test]
async fn whom_an_address_is_for_is_found_by_indexes() {
    let world = street().await;
    let many = "INSERT INTO accounts (id, email, role, created_at)
                SELECT gen_random_uuid(), 'tienda' || n || '@example.com', 'USER', now() FROM generate_series(1, 5000) AS n";
    world.run(many).await;
    world.run("ANALYZE accounts").await;
    searches(
        &world,
        &["contact_email_private = $1 ORDER BY created_at"],
        "'privado37@example.com'",
        &[
            "shops_email_key",
            "shops_contact_email_private_idx",
            "accounts_email_key",
        ],
    )
    .await;
}
