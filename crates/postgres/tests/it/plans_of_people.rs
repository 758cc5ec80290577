//! What somebody keeps is found by their place in an index, however much everybody keeps together.

use crate::{
    plans::{Expected, explain, prepare, statement, uses},
    support::World,
};

/// Five hundred people with a hundred favourites, reels seen, likes, reminders and notifications each, and as much of an
/// audit log.
const CROWD: &str = "
    INSERT INTO accounts (id, email, created_at)
    SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, n || '@example.com', now() - n * interval '1 hour'
    FROM generate_series(1, 500) AS n;

    INSERT INTO accounts (id, email, created_at)
    SELECT gen_random_uuid(), n || '@example.org', now() - n * interval '1 hour' FROM generate_series(1, 20000) AS n;

    INSERT INTO shops (id, name, slug, created_at, updated_at)
    SELECT gen_random_uuid(), 'Tienda', 's' || n, now(), now() FROM generate_series(1, 200) AS n;

    INSERT INTO streams (id, shop_id, title, scheduled_at, created_at)
    SELECT gen_random_uuid(), id, 'Vivo', now() + n * interval '1 hour', now()
    FROM shops, generate_series(1, 100) AS n;

    INSERT INTO reels (id, shop_id, type, status, platform, duration_seconds, created_at, expires_at)
    SELECT gen_random_uuid(), id, 'VIDEO', 'EXPIRED', 'TikTok', 10, now(), now() FROM shops LIMIT 100;

    INSERT INTO favorites (account_id, shop_id, created_at)
    SELECT a.id, s.id, now() FROM accounts AS a, (SELECT id FROM shops LIMIT 100) AS s WHERE a.email LIKE '%.com';

    INSERT INTO reel_views (id, account_id, reel_id, seen_at)
    SELECT gen_random_uuid(), a.id, r.id, now() FROM accounts AS a, reels AS r WHERE a.email LIKE '%.com';

    INSERT INTO stream_likes (account_id, stream_id, created_at)
    SELECT a.id, l.id, now()
    FROM accounts AS a, (SELECT id FROM streams ORDER BY id LIMIT 100) AS l WHERE a.email LIKE '%.com';

    INSERT INTO reminders (account_id, stream_id, status, notify_at, created_at)
    SELECT a.id, l.id, CASE WHEN l.place % 5 = 0 THEN 'ACTIVE' ELSE 'SENT' END::reminder_status, now(), now()
    FROM accounts AS a, (SELECT id, row_number() OVER () AS place FROM streams ORDER BY id LIMIT 100) AS l
    WHERE a.email LIKE '%.com';

    INSERT INTO notifications (id, account_id, message, read, created_at)
    SELECT gen_random_uuid(), a.id, 'Hola', n % 20 <> 0, now() - n * interval '1 minute'
    FROM accounts AS a, generate_series(1, 100) AS n WHERE a.email LIKE '%.com';

    INSERT INTO audit_log (id, at, actor_type, actor_account_id, action, subject_kind, subject_id)
    SELECT gen_random_uuid(), now() - n * interval '1 minute', 'CLIENT',
           ('00000000-0000-7000-8000-' || lpad((n % 500)::text, 12, '0'))::uuid, 'ACTION_' || n % 40, 'ACCOUNT',
           ('00000000-0000-7000-8000-' || lpad((n % 700)::text, 12, '0'))::uuid
    FROM generate_series(1, 20000) AS n;
";

/// And twenty thousand more with their favourites, a million in all. References are not looked up: they are right.
const MILLION: &str = "
    SET session_replication_role = replica;
    INSERT INTO favorites (account_id, shop_id, created_at)
    SELECT a.id, s.id, now()
    FROM accounts AS a, (SELECT id FROM shops ORDER BY slug LIMIT 48) AS s WHERE a.email LIKE '%.org';
    RESET session_replication_role;
";

const TABLES: [&str; 10] = [
    "accounts",
    "shops",
    "streams",
    "reels",
    "favorites",
    "reel_views",
    "stream_likes",
    "reminders",
    "notifications",
    "audit_log",
];

const SOMEBODY: &str = "'00000000-0000-7000-8000-000000000042'";

async fn crowd() -> World {
    crowd_with("").await
}

async fn crowd_with(more: &str) -> World {
    let world = World::new().await;
    world.run(format!("{CROWD}{more}")).await;
    for table in TABLES {
        // As the server does by itself after a while.
        world.run(format!("VACUUM ANALYZE {table}")).await;
    }
    world
}

#[tokio::test]
async fn all_that_somebody_keeps_is_read_in_one_statement_by_indexes() {
    let world = crowd_with(MILLION).await;
    let query = statement(&["AS \"favorites!\"", "AS \"has_profile!\""]);
    for index in [
        "favorites_account_id_created_at_idx",
        "reminders_active_idx",
        "reel_views_pkey",
        "stream_likes_pkey",
        "notifications_unread_idx",
    ] {
        let expected = Expected {
            query: query.clone(),
            arguments: &format!("{SOMEBODY}, 5000"),
            index,
            // Where all of somebody's fit, they may as well be sorted.
            in_order: false,
        };
        uses(&world, expected).await;
    }
}

#[tokio::test]
async fn the_lists_of_somebody_begin_at_their_place() {
    let world = crowd().await;
    for (pieces, limit, index) in [
        (
            &["SELECT shop_id FROM favorites\n        WHERE"][..],
            5000,
            "favorites_account_id_created_at_idx",
        ),
        (
            &["FROM favorites AS f", "ORDER BY f.created_at DESC"][..],
            50,
            "favorites_account_id_created_at_idx",
        ),
        (
            &["FROM reminders AS r", "ORDER BY r.notify_at"][..],
            50,
            "reminders_active_idx",
        ),
        (
            &["FROM notifications\n        WHERE account_id = $1\n        ORDER"][..],
            20,
            "notifications_account_id_created_at_idx",
        ),
    ] {
        let expected = Expected {
            query: statement(pieces),
            arguments: &format!("{SOMEBODY}, {limit}"),
            index,
            // Somebody's hundred may as well be sorted once they are found.
            in_order: false,
        };
        uses(&world, expected).await;
    }
}

#[tokio::test]
async fn each_way_to_ask_the_audit_log_has_its_index() {
    let world = crowd().await;
    let page = "now() - interval '1 day', '00000000-0000-7000-8000-000000000001', now() - interval '9 days', 100";
    for (pieces, more, index, in_order) in [
        (
            "WHERE subject_id = $5",
            format!(", {SOMEBODY}, NULL, NULL"),
            "audit_log_subject_idx",
            false,
        ),
        (
            "WHERE actor_account_id = $5",
            format!(", {SOMEBODY}, NULL"),
            "audit_log_actor_idx",
            false,
        ),
        (
            "WHERE action = $5",
            ", 'ACTION_7'".to_owned(),
            "audit_log_action_idx",
            false,
        ),
        (
            "WHERE (at, id) < ($1, $2)",
            String::new(),
            "audit_log_at_idx",
            true,
        ),
    ] {
        let expected = Expected {
            query: statement(&["FROM audit_log", pieces]),
            arguments: &format!("{page}{more}"),
            index,
            in_order,
        };
        uses(&world, expected).await;
    }
}

#[tokio::test]
async fn the_newest_accounts_are_found_first_and_what_belongs_to_them_afterwards() {
    let world = crowd().await;
    let mut conn = world.pool().acquire().await.unwrap();
    let query = statement(&["FROM (SELECT * FROM accounts"]);
    // What it is asked for; a plan for every number of accounts would put tables beside one another.
    prepare(&mut conn, "force_custom_plan", &query).await;
    let nodes = explain(&mut conn, "200").await;
    let is = |key: &str, value: &str| {
        nodes
            .iter()
            .any(|node| node.get(key).is_some_and(|found| found == value))
    };
    assert!(is("Index Name", "accounts_created_at_idx"), "{nodes:#?}");
}
