//! Each test's database is its own, and has today's schema.

use avvivo_testkit::{TestDb, migrations};
use sqlx::{ConnectOptions, PgPool};

async fn count(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn two_databases_are_separate() {
    let (one, other) = tokio::join!(TestDb::create(), TestDb::create());
    sqlx::query("CREATE TABLE only_here ()")
        .execute(one.pool())
        .await
        .unwrap();
    let tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'only_here'";
    assert_eq!(count(one.pool(), tables).await, 1);
    assert_eq!(count(other.pool(), tables).await, 0);
}

#[tokio::test]
async fn a_database_has_every_migration() {
    let database = TestDb::create().await;
    let expected = migrations().await.iter().count();
    let applied = count(
        database.pool(),
        "SELECT count(*) FROM _sqlx_migrations WHERE success",
    )
    .await;
    assert_eq!(usize::try_from(applied).unwrap(), expected);
}

#[tokio::test]
async fn a_database_is_gone_after_its_test_even_with_a_connection_open() {
    let database = TestDb::create().await;
    let observer = TestDb::create().await;
    let name: String = sqlx::query_scalar("SELECT current_database()")
        .fetch_one(database.pool())
        .await
        .unwrap();
    let _open = database.options().connect().await.unwrap();
    drop(database);
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_database WHERE datname = $1")
        .bind(name)
        .fetch_one(observer.pool())
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn the_address_as_text_leads_to_the_same_database() {
    let database = TestDb::create().await;
    let by_text = PgPool::connect(&database.url()).await.unwrap();
    let name = "SELECT current_database()";
    let here: String = sqlx::query_scalar(name)
        .fetch_one(database.pool())
        .await
        .unwrap();
    let there: String = sqlx::query_scalar(name).fetch_one(&by_text).await.unwrap();
    assert_eq!(here, there);
}
