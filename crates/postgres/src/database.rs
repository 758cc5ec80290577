//! The pool, transactions, and the schema.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use sqlx::{
    PgConnection, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::DbError;

/// How long a request waits for a connection before it is told that the database is busy. Clients give up after tens of
/// seconds, and whoever waits longer than this is better off being told to come back.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// Our schema, compiled in.
static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// A connection, inside or outside a transaction. Every query takes one.
pub type Conn = PgConnection;

/// The database.
#[derive(Debug, Clone)]
pub struct Database {
    pool: PgPool,
}

impl Database {
    /// Prepares a pool of at most `max_connections`. Nothing is connected before the first use, so that a service starts,
    /// and says that it is not ready, while its database is away.
    pub fn lazy(url: &str, max_connections: u32) -> Result<Self, DbError> {
        let options: PgConnectOptions = url.parse()?;
        let pool = PgPoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // A connection that died while idle is noticed by the query that fails on it, and that one query is cheaper
            // than a round trip before every one. See `before_acquire` below for those idle for long.
            .test_before_acquire(false)
            .before_acquire(|conn, idle| {
                Box::pin(async move { still_alive(conn, idle.idle_for).await })
            })
            .connect_lazy_with(options.application_name("avvivo"));
        Ok(Self { pool })
    }

    /// Brings the schema up to date. Safe to run from several processes at once.
    pub async fn migrate(&self) -> Result<(), DbError> {
        Ok(MIGRATIONS.run(&self.pool).await?)
    }

    /// A connection for reading.
    pub async fn acquire(&self) -> Result<PoolConnection<Postgres>, DbError> {
        Ok(self.pool.acquire().await?)
    }

    /// Starts a transaction. Dropping it undoes it.
    pub async fn begin(&self) -> Result<Transaction, DbError> {
        Ok(Transaction(self.pool.begin().await?))
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<(), DbError> {
        let mut conn = self.acquire().await?;
        sqlx::query_scalar!("SELECT 1 AS \"alive!\"")
            .fetch_one(&mut *conn)
            .await?;
        Ok(())
    }

    /// Connections open, and how many of them are idle.
    pub fn pool_size(&self) -> (u32, usize) {
        (self.pool.size(), self.pool.num_idle())
    }

    /// Closes every connection, after the queries under way.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Connections idle for longer than this are tried before use: the database may have been restarted meanwhile.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

async fn still_alive(conn: &mut PgConnection, idle_for: Duration) -> Result<bool, sqlx::Error> {
    use sqlx::Connection as _;
    Ok(idle_for < TRUSTED_IDLE || conn.ping().await.is_ok())
}

/// A transaction. It is undone when dropped without [`Transaction::commit`].
#[derive(Debug)]
pub struct Transaction(sqlx::Transaction<'static, Postgres>);

impl Transaction {
    /// Makes everything done in it true at once.
    pub async fn commit(self) -> Result<(), DbError> {
        Ok(self.0.commit().await?)
    }
}

impl Deref for Transaction {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.0
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.0
    }
}
