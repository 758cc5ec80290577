//! The pool, transactions, and the schema.

mod migrate;

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use sqlx::{
    PgConnection, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{DbError, outbox::Written};

/// A transaction that says nothing for this long has lost its process: a machine that vanishes closes no connection, and its
/// locks, the public audience's among them, would hold everybody up until the network notices, which can take hours.
/// Nothing of ours pauses in a transaction for longer than a query takes.
const ABANDONED: Duration = Duration::from_secs(30);

/// A connection, inside or outside a transaction. Every query takes one.
pub type Conn = PgConnection;

/// How much of the database a process may use.
#[derive(Debug, Clone, Copy)]
pub struct DatabaseOptions {
    /// Connections open at once.
    pub max_connections: u32,
    /// The longest wait for a free connection.
    pub acquire_timeout: Duration,
    /// The longest run of one statement.
    pub statement_timeout: Duration,
}

impl Default for DatabaseOptions {
    /// What suits one instance of a service.
    fn default() -> Self {
        Self {
            max_connections: 10,
            acquire_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(10),
        }
    }
}

/// The database.
#[derive(Debug, Clone)]
pub struct Database {
    pool: PgPool,
}

impl Database {
    /// Prepares a pool. Nothing is connected before the first use, so that a service starts, and says that it is not ready,
    /// while its database is away.
    pub fn lazy(url: &str, options: &DatabaseOptions) -> Result<Self, DbError> {
        let server: PgConnectOptions = url.parse()?;
        let millis = |limit: Duration| limit.as_millis().to_string();
        let server = server.application_name("avvivo").options([
            ("statement_timeout", millis(options.statement_timeout)),
            ("idle_in_transaction_session_timeout", millis(ABANDONED)),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(options.acquire_timeout)
            // A round trip before every query would cost more than now and then a query that fails on a connection that
            // has died; see `still_alive` for connections that have been idle.
            .test_before_acquire(false)
            .before_acquire(|conn, idle| {
                Box::pin(async move { still_alive(conn, idle.idle_for).await })
            })
            .connect_lazy_with(server);
        Ok(Self { pool })
    }

    /// Brings the schema up to date. Safe to run from several processes at once: they do it one after the other.
    pub async fn migrate(&self) -> Result<(), DbError> {
        migrate::run(self.pool.connect_options().as_ref().clone()).await
    }

    /// A connection for reading.
    pub async fn acquire(&self) -> Result<PoolConnection<Postgres>, DbError> {
        Ok(self.pool.acquire().await?)
    }

    /// Starts a transaction. Dropping it undoes it.
    ///
    /// Whoever goes away before it has begun leaves none behind. The driver would: a connection that is given back between
    /// `BEGIN` and its answer carries the transaction to its next user, who takes what is undone later for committed.
    #[expect(
        clippy::disallowed_methods,
        reason = "who asked may go away, and beginning has to come to its end all the same; it does within the pool's and \
                  the server's limits"
    )]
    pub async fn begin(&self) -> Result<Transaction, DbError> {
        let pool = self.pool.clone();
        let begun = tokio::spawn(async move { pool.begin().await }).await;
        Ok(Transaction {
            inner: begun.map_err(|_ended| sqlx::Error::WorkerCrashed)??,
            written: Written::default(),
        })
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

/// Creates a database on a server unless it is there. `name` is one of ours: letters and underscores.
pub async fn ensure_database(server_url: &str, name: &str) -> Result<(), DbError> {
    use sqlx::{AssertSqlSafe, Connection as _};
    let mut conn = PgConnection::connect(server_url).await?;
    let there = sqlx::query_scalar!(
        "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1) AS \"there!\"",
        name
    )
    .fetch_one(&mut conn)
    .await?;
    if !there {
        let quoted = name.replace('"', "\"\"");
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE \"{quoted}\"")))
            .execute(&mut conn)
            .await?;
    }
    Ok(conn.close().await?)
}

/// Connections idle for longer than this are tried before use: the database may have been restarted meanwhile.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

async fn still_alive(conn: &mut PgConnection, idle_for: Duration) -> Result<bool, sqlx::Error> {
    use sqlx::Connection as _;
    Ok(idle_for < TRUSTED_IDLE || conn.ping().await.is_ok())
}

/// A transaction. It is undone when dropped without [`Transaction::commit`].
#[derive(Debug)]
pub struct Transaction {
    inner: sqlx::Transaction<'static, Postgres>,
    written: Written,
}

impl Transaction {
    /// Makes everything done in it true at once. Answers what it wrote to the outbox.
    pub async fn commit(self) -> Result<Written, DbError> {
        self.inner.commit().await?;
        Ok(self.written)
    }

    /// What it has written to the outbox.
    pub fn written(&self) -> &Written {
        &self.written
    }

    /// Notes what else it has written to the outbox.
    pub fn note(&mut self, written: Written) {
        self.written.add(written);
    }
}

impl Deref for Transaction {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.inner
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.inner
    }
}
