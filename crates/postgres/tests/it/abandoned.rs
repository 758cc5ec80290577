//! What happens to a transaction that nobody ends, and to a server that takes no writes.

use avvivo_kernel::{ErrorKind, Fault as _};
use avvivo_postgres::{Database, DatabaseOptions, wallets};
use avvivo_testkit::{Seen, wait_for};
use sqlx::Executor as _;

use crate::support::{LIMIT, World};

#[tokio::test]
async fn the_locks_of_a_process_that_vanished_are_freed() {
    let world = World::new().await;
    let shop = world.shop().await;
    let mut lost = world.begin().await;
    wallets::lock_reels(&mut lost, shop).await.unwrap();
    let limit: String = sqlx::query_scalar("SHOW idle_in_transaction_session_timeout")
        .fetch_one(&mut *lost)
        .await
        .unwrap();
    assert_eq!(limit, "30s");

    // As if that time had passed.
    lost.execute("SET idle_in_transaction_session_timeout = '20ms'")
        .await
        .unwrap();
    let idle = "SELECT count(*) FROM pg_stat_activity \
                WHERE datname = current_database() AND state = 'idle in transaction'";
    wait_for("the server to end it", LIMIT, async || {
        match world.count(idle).await {
            0 => Seen::Done(()),
            open => Seen::NotYet(open),
        }
    })
    .await;

    let mut next = world.begin().await;
    wallets::lock_reels(&mut next, shop).await.unwrap();
    let late = wallets::lock_reels(&mut lost, shop).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Unavailable, "{late:?}");
}

#[tokio::test]
async fn whoever_goes_away_while_a_transaction_begins_leaves_none_behind() {
    let world = World::new().await;
    let options = DatabaseOptions {
        max_connections: 1,
        ..DatabaseOptions::default()
    };
    let db = Database::lazy(&world.url(), &options).unwrap();
    db.ping().await.unwrap();
    wait_for("the connection to be free", LIMIT, async || {
        match db.pool_size() {
            (1, 1) => Seen::Done(()),
            other => Seen::NotYet(other),
        }
    })
    .await;
    // There is a connection, so that this asks the server to begin, and goes away before it answers.
    let mut begun = Box::pin(db.begin());
    assert!(futures::poll!(&mut begun).is_pending());
    drop(begun);

    let mut conn = db.acquire().await.unwrap();
    conn.execute("CREATE TABLE kept AS SELECT 1 AS answer")
        .await
        .unwrap();
    let kept = "SELECT count(*) FROM pg_class WHERE relname = 'kept'";
    assert_eq!(
        world.count(kept).await,
        1,
        "it is one commit, and was answered"
    );
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_unavailable() {
    let world = World::new().await;
    let shop = world.shop().await;
    let mut tx = world.begin().await;
    tx.execute("SET TRANSACTION READ ONLY").await.unwrap();
    let refused = wallets::lock_reels(&mut tx, shop).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable, "{refused:?}");
}
