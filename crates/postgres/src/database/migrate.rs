//! Bringing the schema up to date, on a connection of its own: building an index takes as long as it takes, which is not what
//! the limit of a service's statements is for.

use sqlx::{
    ConnectOptions as _, Connection as _, Executor as _, PgConnection, postgres::PgConnectOptions,
};

use crate::DbError;

/// Our schema, compiled in.
static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// Held by whoever migrates.
const MIGRATE_LOCK: i64 = 0x6176_7669_766f;

/// How often one that waits for its turn looks, five times a second: ten minutes in all, longer than any migration should take.
const MOST_LOOKS: u32 = 3_000;

/// Applies what has not been applied yet.
pub(super) async fn run(server: PgConnectOptions) -> Result<(), DbError> {
    // What comes last counts: these take the place of a service's limits.
    let patient = server.options([
        ("statement_timeout", "0"),
        ("idle_in_transaction_session_timeout", "0"),
    ]);
    let mut conn = patient.connect().await?;
    take_turn(&mut conn).await?;
    // Whoever waits for a table's lock holds up everybody behind it: better to fail, and be run again.
    conn.execute("SET lock_timeout = '5s'").await?;
    MIGRATIONS.run(&mut conn).await?;
    whole_indexes(&mut conn).await?;
    // The lock goes with the connection, also when something fails.
    Ok(conn.close().await?)
}

/// Looks now and then whether the lock is free. Waiting for it in a statement would keep `CREATE INDEX CONCURRENTLY`, which
/// waits for every statement under way, from ever ending.
async fn take_turn(conn: &mut PgConnection) -> Result<(), DbError> {
    for _ in 0..MOST_LOOKS {
        let mine =
            sqlx::query_scalar!("SELECT pg_try_advisory_lock($1) AS \"mine!\"", MIGRATE_LOCK)
                .fetch_one(&mut *conn)
                .await?;
        if mine {
            return Ok(());
        }
        conn.execute("SELECT pg_sleep(0.2)").await?;
    }
    Err(sqlx::Error::Protocol("somebody else has been migrating for ten minutes".to_owned()).into())
}

/// An index whose building failed stays behind, is written to and never read.
async fn whole_indexes(conn: &mut PgConnection) -> Result<(), DbError> {
    let half_built = sqlx::query_scalar!(
        r#"
        SELECT index.relname::text AS "name!"
        FROM pg_index AS i
        JOIN pg_class AS index ON index.oid = i.indexrelid
        WHERE NOT i.indisvalid
        ORDER BY index.relname
        LIMIT 1
        "#
    )
    .fetch_optional(conn)
    .await?;
    half_built.map_or(Ok(()), |name| Err(DbError::HalfBuiltIndex { name }))
}
