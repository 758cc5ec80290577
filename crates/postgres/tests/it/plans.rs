//! Hot statements find their index, on a table that is large enough for it to matter.
//!
//! What is explained is the very text that the crate was compiled with: the checked statements are kept in `.sqlx`. Each is
//! planned both ways PostgreSQL may run it: for the values at hand, and once for all values.

use std::{fs, path::Path};

use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use crate::support::World;

/// Twenty thousand reels of twenty shops over the last forty days: those of the last day in the feed, a few in process, the rest
/// expired or hidden.
const REELS: &str = "
    INSERT INTO shops (id, name, slug, created_at, updated_at)
    SELECT gen_random_uuid(), 'Tienda', 's' || n, now(), now() FROM generate_series(1, 20) AS n;

    INSERT INTO reels (id, shop_id, type, status, hidden, platform, duration_seconds, video_url, created_at, expires_at)
    SELECT
        gen_random_uuid(),
        (SELECT id FROM shops WHERE slug = 's' || (1 + n % 20)),
        'VIDEO',
        CASE
            WHEN n % 400 = 0 THEN 'PROCESSING' WHEN n % 17 = 0 THEN 'HIDDEN' WHEN n < 500 THEN 'ACTIVE' ELSE 'EXPIRED'
        END::reel_status,
        n % 17 = 0 AND n % 400 <> 0,
        'TikTok',
        10,
        'https://media.test/' || n,
        timestamptz '2026-03-10 15:00Z' - n * interval '2.88 minutes',
        timestamptz '2026-03-11 15:00Z' - n * interval '2.88 minutes'
    FROM generate_series(1, 20000) AS n;

    ANALYZE shops, reels;
";

/// The statement of this crate that contains all of these pieces.
pub(crate) fn statement(pieces: &[&str]) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let read = |entry: Result<fs::DirEntry, _>| {
        let file = fs::read(entry.unwrap().path()).unwrap();
        let checked: Value = serde_json::from_slice(&file).unwrap();
        checked
            .get("query")
            .and_then(Value::as_str)
            .unwrap()
            .to_owned()
    };
    let found: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(read)
        .filter(|query| pieces.iter().all(|piece| query.contains(piece)))
        .collect();
    assert_eq!(found.len(), 1, "statements with {pieces:?}: {found:#?}");
    found.concat()
}

/// Prepares a statement to be planned in this mode.
pub(crate) async fn prepare(conn: &mut PgConnection, mode: &str, query: &str) {
    let statements = format!("DEALLOCATE ALL; SET plan_cache_mode = {mode}; PREPARE p AS {query}");
    sqlx::raw_sql(AssertSqlSafe(statements))
        .execute(conn)
        .await
        .unwrap();
}

/// The nodes of the prepared statement's plan.
pub(crate) async fn explain(conn: &mut PgConnection, arguments: &str) -> Vec<Value> {
    let arguments = match arguments {
        "" => String::new(),
        some => format!("({some})"),
    };
    let explain = AssertSqlSafe(format!("EXPLAIN (FORMAT JSON) EXECUTE p {arguments}"));
    // Plainly, without preparing it in turn.
    let row = sqlx::raw_sql(explain).fetch_one(conn).await.unwrap();
    let explained: Value = row.get(0);
    let mut nodes = Vec::new();
    let mut left: Vec<Value> = explained.pointer("/0/Plan").cloned().into_iter().collect();
    while let Some(node) = left.pop() {
        let below = node.get("Plans").and_then(Value::as_array);
        left.extend(below.into_iter().flatten().cloned());
        nodes.push(node);
    }
    nodes
}

fn is(node: &Value, key: &str, value: &str) -> bool {
    node.get(key).is_some_and(|found| found == value)
}

fn has(node: &Value, key: &str) -> bool {
    node.get(key).is_some()
}

/// What is expected of a plan.
pub(crate) struct Expected<'a> {
    pub(crate) query: String,
    pub(crate) arguments: &'a str,
    pub(crate) index: &'a str,
    /// Whether the index gives the order, so that the newest few are read and not everything sorted.
    pub(crate) in_order: bool,
}

pub(crate) async fn uses(world: &World, expected: Expected<'_>) {
    let mut conn = world.pool().acquire().await.unwrap();
    for mode in ["force_custom_plan", "force_generic_plan"] {
        prepare(&mut conn, mode, &expected.query).await;
        let nodes = explain(&mut conn, expected.arguments).await;
        let any = |found: &dyn Fn(&Value) -> bool| nodes.iter().any(found);
        let searched = any(&|node| is(node, "Index Name", expected.index));
        assert!(searched, "{mode}: {nodes:#?}");
        // The shops of these tests are few.
        let scanned =
            any(&|node| is(node, "Node Type", "Seq Scan") && !is(node, "Relation Name", "shops"));
        assert!(!scanned, "{mode}: {nodes:#?}");
        let sorted = any(&|node| is(node, "Node Type", "Sort"));
        assert!(!(expected.in_order && sorted), "{mode}: {nodes:#?}");
    }
}

async fn world() -> World {
    let world = World::new().await;
    world.run(REELS).await;
    world
}

#[tokio::test]
async fn the_feed_reads_the_newest_from_its_index() {
    uses(
        &world().await,
        Expected {
            query: statement(&["FROM reels AS r", "r.status = 'ACTIVE'"]),
            arguments: "'2026-03-10 15:00Z', 60",
            index: "reels_feed_idx",
            in_order: true,
        },
    )
    .await;
}

#[tokio::test]
async fn a_shops_list_reads_its_own_reels() {
    let world = world().await;
    let shop: String = sqlx::query_scalar("SELECT id::text FROM shops WHERE slug = 's7'")
        .fetch_one(world.pool())
        .await
        .unwrap();
    uses(
        &world,
        Expected {
            query: statement(&["WHERE r.shop_id = $1 ORDER BY r.created_at DESC"]),
            arguments: &format!("'{shop}', 120"),
            index: "reels_shop_id_created_at_idx",
            in_order: true,
        },
    )
    .await;
}

#[tokio::test]
async fn the_showcase_reads_a_band_of_ages() {
    uses(
        &world().await,
        Expected {
            query: statement(&[
                "status IN ('ACTIVE', 'EXPIRED')",
                "ORDER BY created_at DESC",
            ]),
            arguments: "'2026-03-03 15:00Z', '2026-03-07 15:00Z', 120",
            index: "reels_created_at_idx",
            in_order: true,
        },
    )
    .await;
}

#[tokio::test]
async fn expiry_reads_what_is_due() {
    uses(
        &world().await,
        Expected {
            query: statement(&["SET status = 'EXPIRED'"]),
            arguments: "'2026-03-10 16:00Z', 200",
            index: "reels_expiry_idx",
            in_order: false,
        },
    )
    .await;
}

#[tokio::test]
async fn the_search_for_stuck_reels_reads_those_in_process() {
    uses(
        &world().await,
        Expected {
            query: statement(&["r.status = 'PROCESSING'", "FOR UPDATE SKIP LOCKED"]),
            arguments: "'2026-03-10 15:00Z', '2026-03-10 14:50Z', 50",
            index: "reels_processing_idx",
            in_order: false,
        },
    )
    .await;
}

/// What the relay and the upkeep look through, with as much of what they must not look at in front of it.
const BACKLOG: &str = "
    INSERT INTO outbox (id, kind, destination, job_name, sequence, payload, created_at, next_attempt_at, refused_at)
    SELECT
        gen_random_uuid(),
        CASE WHEN n % 3 = 0 THEN 'JOB' ELSE 'EVENT' END::outbox_kind,
        'shop:' || n % 500,
        CASE WHEN n % 3 = 0 THEN 'reel:' || n || ':v1' END,
        CASE WHEN n % 3 <> 0 THEN n END,
        'x',
        timestamptz '2026-03-10 15:00Z',
        timestamptz '2026-03-10 15:00Z',
        CASE WHEN n < 10000 THEN timestamptz '2026-03-10 15:00Z' END
    FROM generate_series(1, 20000) AS n;

    INSERT INTO object_tombstones (path, delete_after)
    SELECT 'shops/' || n, timestamptz '2026-03-10 15:00Z' + n * interval '1 minute' FROM generate_series(1, 20000) AS n;

    INSERT INTO confirmed_uploads (path, shop_id, generation, size_bytes, content_type, confirmed_at)
    SELECT
        'shops/' || n, (SELECT id FROM shops WHERE slug = 's1'), 1, 1, 'video/mp4',
        timestamptz '2026-03-10 15:00Z' + n * interval '1 minute'
    FROM generate_series(1, 20000) AS n;

    INSERT INTO reel_sources (reel_id, role, position, path, generation, size_bytes, content_type)
    SELECT id, 'VIDEO', 0, 'shops/' || row_number() OVER (ORDER BY created_at), 1, 1, 'video/mp4' FROM reels;

    ANALYZE outbox, object_tombstones, confirmed_uploads, reel_sources;
";

async fn backlog() -> World {
    let world = world().await;
    world.run(BACKLOG).await;
    world
}

#[tokio::test]
async fn a_relay_claims_the_oldest_of_a_kind_by_their_index() {
    let world = backlog().await;
    for kind in ["EVENT", "JOB", "MAIL", "PLACE"] {
        uses(
            &world,
            Expected {
                query: statement(&["UPDATE outbox", "claimed_until = $2"]),
                arguments: &format!("'2026-03-10 16:00Z', '2026-03-10 16:01Z', 32, '{kind}'"),
                index: "outbox_claim_idx",
                in_order: true,
            },
        )
        .await;
    }
}

#[tokio::test]
async fn the_upkeep_reads_the_objects_whose_time_has_come() {
    uses(
        &backlog().await,
        Expected {
            query: statement(&["FROM object_tombstones AS t", "ORDER BY t.delete_after"]),
            arguments: "'2026-03-10 18:00Z', 200",
            index: "object_tombstones_delete_after_idx",
            // Those that are due are sorted, which are few.
            in_order: false,
        },
    )
    .await;
}

#[tokio::test]
async fn the_upkeep_forgets_the_oldest_confirmations_by_their_index() {
    uses(
        &backlog().await,
        Expected {
            query: statement(&["DELETE FROM confirmed_uploads"]),
            arguments: "'2026-03-10 18:00Z', 200",
            index: "confirmed_uploads_confirmed_at_idx",
            in_order: false,
        },
    )
    .await;
}

#[tokio::test]
async fn a_page_of_the_admins_list_begins_where_the_last_one_ended() {
    let world = world().await;
    let query = statement(&["(r.created_at, r.id) < ($1, $2)"]);
    let arguments = "'2026-02-10 15:00Z', '00000000-0000-7000-8000-000000000001', 50";
    uses(
        &world,
        Expected {
            query: query.clone(),
            arguments,
            index: "reels_created_at_idx",
            in_order: true,
        },
    )
    .await;
    // The first page asks for no place to begin, so a plan for all pages could not begin anywhere. PostgreSQL has to prefer
    // one for the page at hand, also when it has seen many.
    let mut conn = world.pool().acquire().await.unwrap();
    prepare(&mut conn, "auto", &query).await;
    for page in 0..10 {
        let nodes = explain(&mut conn, arguments).await;
        let begins = nodes.iter().any(|node| has(node, "Index Cond"));
        assert!(begins, "page {page}: {nodes:#?}");
    }
}
