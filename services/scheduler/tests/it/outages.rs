//! PostgreSQL away and back.

use avvivo_testkit::{Seen, free_port, wait_for};
use http::Method;
use serde_json::json;
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection};

use crate::world::{PATIENCE, Running, World, ask};

async fn ready(running: &Running) -> u16 {
    ask(&running.scheduler.router, Method::GET, "/ready", None)
        .await
        .0
}

#[tokio::test]
async fn a_scheduler_starts_without_its_database_and_says_that_it_is_not_ready() {
    let world = World::new().await;
    let nowhere = format!("postgres://app@127.0.0.1:{}/app", free_port().unwrap());
    let running = world
        .scheduler_with(|settings| {
            settings.insert("DATABASE_URL", nowhere);
            settings.insert("DATABASE_ACQUIRE_TIMEOUT_MS", "200".to_owned());
        })
        .await;
    assert_eq!(ready(&running).await, 503);
    let (alive, _) = ask(&running.scheduler.router, Method::GET, "/health", None).await;
    assert_eq!(alive, 200);
    let (status, body) = running.start(&world, "expire-reels").await;
    assert_eq!(
        (status, body.get("code")),
        (503, Some(&json!("database.unavailable")))
    );
}

#[tokio::test]
async fn readiness_follows_the_database() {
    let world = World::new().await;
    let running = world.scheduler().await;
    assert_eq!(ready(&running).await, 200);

    let mut server = world
        .db
        .options()
        .database("postgres")
        .connect()
        .await
        .unwrap();
    let name = world.text("SELECT current_database()::text").await.unwrap();
    allow_connections(&mut server, &name, false).await;
    readiness_becomes(&running, 503).await;

    allow_connections(&mut server, &name, true).await;
    readiness_becomes(&running, 200).await;
    let (status, _) = running.start(&world, "expire-reels").await;
    assert_eq!(status, 200);
}

async fn allow_connections(server: &mut PgConnection, database: &str, allowed: bool) {
    // Whoever is connected already would stay.
    let statements = format!(
        "ALTER DATABASE {database} ALLOW_CONNECTIONS {allowed};
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}' AND NOT {allowed};"
    );
    sqlx::raw_sql(AssertSqlSafe(statements))
        .execute(server)
        .await
        .unwrap();
}

async fn readiness_becomes(running: &Running, expected: u16) {
    wait_for("readiness to follow", PATIENCE, async || {
        match ready(running).await {
            status if status == expected => Seen::Done(()),
            status => Seen::NotYet(status),
        }
    })
    .await;
}
