//! Migrating: from nothing, from several processes, and over what an earlier try left behind.

use std::time::Duration;

use avvivo_postgres::{Database, DatabaseOptions, DbError};

use crate::support::{LIMIT, World};

/// A service whose statements may take next to no time, as seen from a migration.
fn hasty(world: &World) -> Database {
    let options = DatabaseOptions {
        acquire_timeout: LIMIT,
        statement_timeout: Duration::from_millis(1),
        ..DatabaseOptions::default()
    };
    Database::lazy(&world.url(), &options).unwrap()
}

/// As on the first day.
async fn empty() -> World {
    let world = World::new().await;
    world
        .run("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        .await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn several_at_once_make_one_whole_schema() {
    let world = empty().await;
    let processes: Vec<Database> = (0..4).map(|_| hasty(&world)).collect();
    let migrated = futures::future::join_all(processes.iter().map(Database::migrate)).await;
    for outcome in migrated {
        outcome.unwrap();
    }
    let applied = world
        .count("SELECT count(*) FROM _sqlx_migrations WHERE success")
        .await;
    assert!(applied >= 6, "{applied}");
    let half_built = "SELECT count(*) FROM pg_index WHERE NOT indisvalid";
    assert_eq!(world.count(half_built).await, 0);
}

#[tokio::test]
async fn one_that_waits_for_its_turn_is_not_cut_short() {
    let world = empty().await;
    let mut first = world.pool().begin().await.unwrap();
    let take = "SELECT pg_advisory_xact_lock(107161420658287)";
    sqlx::query(take).execute(&mut *first).await.unwrap();
    let second = hasty(&world);
    let waits = async {
        world.somebody_sleeps().await;
        first.commit().await.unwrap();
    };
    let (migrated, ()) = tokio::join!(second.migrate(), waits);
    migrated.unwrap();
}

#[tokio::test]
async fn what_is_left_of_an_index_is_not_taken_for_the_whole() {
    let world = empty().await;
    hasty(&world).migrate().await.unwrap();
    world
        .run("CREATE TABLE twins (n integer); INSERT INTO twins VALUES (1), (1)")
        .await;
    let build = "CREATE UNIQUE INDEX CONCURRENTLY twins_n_idx ON twins (n)";
    let left_over = sqlx::query(build).execute(world.pool()).await;
    left_over.unwrap_err();

    let migrated = hasty(&world).migrate().await;

    let Err(DbError::HalfBuiltIndex { name }) = migrated else {
        panic!("{migrated:?}")
    };
    assert_eq!(name, "twins_n_idx");
}
