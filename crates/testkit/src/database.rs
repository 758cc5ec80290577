//! A database per test, copied from a migrated template.

use std::{path::Path, thread, time::Duration};

use sha2::{Digest, Sha256};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{runtime, time::timeout};

use crate::server::address;

/// One test's connections. Two at once race; a handful shows what a busy pool does; more would crowd the server.
const POOL_SIZE: u32 = 8;

/// How long a test waits for its database to go. Dropping waits for every connection of the server, also for one that this
/// very test was about to open and, being over, never will; the server goes on without us when we are gone.
const DROP_PATIENCE: Duration = Duration::from_secs(2);

/// Held while a template is made, so that parallel test processes make it once. Any number nobody else uses.
const TEMPLATE_LOCK: i64 = 0x0061_7676_6976_6f54;

/// The repository's migrations, read at run time so that a new file needs no rebuild.
pub async fn migrations() -> Migrator {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
    match Migrator::new(Path::new(folder)).await {
        Ok(migrator) => migrator,
        Err(error) => panic!("{folder}: {error}"),
    }
}

/// A new database with today's schema and no rows, dropped at the end of the test.
#[derive(Debug)]
pub struct TestDb {
    pool: PgPool,
    options: PgConnectOptions,
    name: String,
    server: PgConnectOptions,
}

impl TestDb {
    /// Makes the database. The first test of a schema migrates the template, the others copy it.
    pub async fn create() -> Self {
        let url = address("TEST_DATABASE_URL");
        match Self::on_server(&url).await {
            Ok(database) => database,
            Err(error) => panic!("no test database on TEST_DATABASE_URL: {error}"),
        }
    }

    async fn on_server(url: &str) -> Result<Self, sqlx::Error> {
        let server: PgConnectOptions = url.parse()?;
        let mut connection = server.connect().await?;
        let template = ensure_template(&server, &mut connection).await?;
        let unique: String = sqlx::query_scalar("SELECT replace(gen_random_uuid()::text, '-', '')")
            .fetch_one(&mut connection)
            .await?;
        let name = format!("test_{unique}");
        execute(
            &mut connection,
            format!("CREATE DATABASE {name} TEMPLATE {template}"),
        )
        .await?;
        connection.close().await?;
        let options = server.clone().database(&name);
        let pool = PgPoolOptions::new()
            .max_connections(POOL_SIZE)
            .connect_lazy_with(options.clone());
        Ok(Self {
            pool,
            options,
            name,
            server,
        })
    }

    /// Connections to the database.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// How to connect to it, for code that makes its own pool.
    pub fn options(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// The same as text, for processes that take an address.
    pub fn url(&self) -> String {
        self.options.to_url_lossy().to_string()
    }
}

impl Drop for TestDb {
    /// Drops the database together with whoever is still connected.
    ///
    /// A test's runtime may be gone or single-threaded, so this has a thread and a runtime of its own.
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropping = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            let dropped = async {
                let mut connection = server.connect().await?;
                execute(
                    &mut connection,
                    format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
                )
                .await
            };
            // The whole server goes away after the run; a database that stays until then harms nobody.
            drop(runtime.block_on(async { timeout(DROP_PATIENCE, dropped).await }));
        });
        drop(dropping.join());
    }
}

/// The name of the template of today's migrations, after making sure that it is there.
async fn ensure_template(
    server: &PgConnectOptions,
    connection: &mut PgConnection,
) -> Result<String, sqlx::Error> {
    let migrator = migrations().await;
    let name = format!("template_{}", fingerprint(&migrator));
    if is_ready(connection, &name).await? {
        return Ok(name);
    }
    sqlx::query("SELECT pg_advisory_lock($1)")
        .bind(TEMPLATE_LOCK)
        .execute(&mut *connection)
        .await?;
    // Whoever held the lock before us may have made it.
    if !is_ready(connection, &name).await? {
        make_template(server, connection, &migrator, &name).await?;
    }
    sqlx::query("SELECT pg_advisory_unlock($1)")
        .bind(TEMPLATE_LOCK)
        .execute(&mut *connection)
        .await?;
    Ok(name)
}

/// Whether the template is whole. It becomes a template, in PostgreSQL's sense, as the last step of making it.
async fn is_ready(connection: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)",
    )
    .bind(name)
    .fetch_one(connection)
    .await
}

async fn make_template(
    server: &PgConnectOptions,
    connection: &mut PgConnection,
    migrator: &Migrator,
    name: &str,
) -> Result<(), sqlx::Error> {
    // A killed test process leaves half a template.
    execute(
        connection,
        format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
    )
    .await?;
    execute(connection, format!("CREATE DATABASE {name}")).await?;
    let mut inside = server.clone().database(name).connect().await?;
    let migrated = migrator.run(&mut inside).await;
    inside.close().await?;
    if let Err(error) = migrated {
        panic!("migrations/ cannot be applied to an empty database: {error}");
    }
    // Copying fails while anybody is connected, so nobody may.
    execute(
        connection,
        format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false IS_TEMPLATE true"),
    )
    .await
}

async fn execute(connection: &mut PgConnection, statement: String) -> Result<(), sqlx::Error> {
    sqlx::query(AssertSqlSafe(statement))
        .execute(connection)
        .await
        .map(drop)
}

fn fingerprint(migrator: &Migrator) -> String {
    let mut hasher = Sha256::new();
    for migration in migrator.iter() {
        hasher.update(migration.version.to_be_bytes());
        hasher.update(&*migration.checksum);
    }
    hex::encode(hasher.finalize().get(..8).unwrap_or_default())
}
