//! `sql`: what the compiler must know of each query, saved so that a build needs no database.
//!
//! sqlx's macros, pointed at a live database and a folder, check each query and save its description there; a later
//! build reads the folder instead. Compiling the crate once under the right variables is all it takes.
//!
//! The server's cluster stays in the cache between runs, with the migrated database in it, so a run costs a start of
//! the server and a check of one crate.

use std::{
    fs::{self, File},
    path::Path,
};

use anyhow::{Context, ensure};
use avvivo_local_servers::{DataFolder, Durability, Postgres};
use sha2::{Digest, Sha256};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, migrate::Migrator,
    postgres::PgConnectOptions,
};
use tokio::runtime;

use crate::{
    checkout::{at, cache, cargo},
    freshness::{Mode, files_in, settle},
};

const PACKAGE: &str = "avvivo-postgres";
const SAVED: &str = "crates/postgres/.sqlx";

/// Checks all queries and writes (or compares) their descriptions.
pub(crate) fn run(mode: Mode, more_cargo_args: &[String]) -> anyhow::Result<()> {
    let home = cache()?.join("sql");
    fs::create_dir_all(&home)?;
    // Two runs would share the cluster and touch the same crate: one after the other.
    let turn = File::create(home.join("turn"))?;
    turn.lock()?;
    let postgres = start_server(&home)?;
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let database = runtime.block_on(ensure_migrated(&postgres))?;
    let scratch = tempfile::tempdir_in(&home)?;
    describe_queries(&postgres.url(&database), scratch.path(), more_cargo_args)?;
    postgres.stop()?;
    let is_query = |name: &str| name.starts_with("query-");
    let wanted = files_in(scratch.path(), is_query)?;
    let present = files_in(&at(SAVED), is_query)?;
    settle(&at(SAVED), &present, &wanted, mode, "scripts/sql")
}

/// Starts the kept cluster; makes a new one when the old one is beyond starting, for nothing in it is precious.
fn start_server(home: &Path) -> anyhow::Result<Postgres> {
    let wanted = home.join("server");
    let folder = DataFolder::open(&wanted)?;
    if let Ok(postgres) = Postgres::start(&folder, Durability::ThrowAway) {
        return Ok(postgres);
    }
    folder.remove_when_done();
    drop(folder);
    Ok(Postgres::start(
        &DataFolder::open(&wanted)?,
        Durability::ThrowAway,
    )?)
}

/// A database with today's migrations, kept from the last run if they are the same.
async fn ensure_migrated(postgres: &Postgres) -> anyhow::Result<String> {
    let migrator = Migrator::new(at("migrations"))
        .await
        .context("cannot read migrations/")?;
    let name = format!("schema_{}", fingerprint(&migrator));
    let server: PgConnectOptions = postgres.url("postgres").parse()?;
    let mut connection = server.connect().await?;
    let old: Vec<String> =
        sqlx::query_scalar("SELECT datname::text FROM pg_database WHERE datname LIKE 'schema\\_%'")
            .fetch_all(&mut connection)
            .await?;
    if old.contains(&name) {
        return Ok(name);
    }
    for database in old.iter().map(String::as_str).chain(["staging"]) {
        execute(
            &mut connection,
            format!("DROP DATABASE IF EXISTS {database}"),
        )
        .await?;
    }
    // Under its final name only when it is whole.
    execute(&mut connection, "CREATE DATABASE staging".to_owned()).await?;
    let mut inside = server.clone().database("staging").connect().await?;
    migrator
        .run(&mut inside)
        .await
        .context("migrations/ cannot be applied to an empty database")?;
    inside.close().await?;
    execute(
        &mut connection,
        format!("ALTER DATABASE staging RENAME TO {name}"),
    )
    .await?;
    Ok(name)
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

/// Compiles the crate against the live database, which leaves the descriptions in `target`.
fn describe_queries(url: &str, target: &Path, more_cargo_args: &[String]) -> anyhow::Result<()> {
    // Cargo does not know that the macros read a database, and would find nothing to do.
    touch(&at("crates/postgres/src/lib.rs"))?;
    let status = cargo()?
        .args(["check", "--quiet", "--package", PACKAGE])
        .args(more_cargo_args)
        .env("DATABASE_URL", url)
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", target)
        .status()
        .context("cannot run cargo")?;
    ensure!(
        status.success(),
        "{PACKAGE} does not compile against the migrated schema"
    );
    Ok(())
}

fn touch(path: &Path) -> anyhow::Result<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a file's time is the machine's time"
    )]
    let now = std::time::SystemTime::now();
    File::options()
        .append(true)
        .open(path)
        .and_then(|file| file.set_modified(now))
        .with_context(|| format!("cannot touch {}", path.display()))
}
