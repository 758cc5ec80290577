//! What the services depend on, made for one benchmark and thrown away after it: PostgreSQL with our schema, Redis,
//! gcp-local as a process of its own; and the variables that tell a service where they are.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use avvivo_local_servers::{DataFolder, Durability, Postgres, Redis, free_port};
use reqwest::{Client, Url};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::{
    checkout,
    service::{Kind, Service},
    tool::{self, Cores},
};

/// The project that all of it belongs to.
pub(crate) const PROJECT: &str = "avvivo-local";
/// The bucket that the api makes.
pub(crate) const BUCKET: &str = "avvivo-media";
/// Who administers.
pub(crate) const ADMIN: &str = "admin@avvivo.example";
/// The database.
const DATABASE: &str = "avvivo";

/// Variables of a process.
pub(crate) type Variables = BTreeMap<String, String>;

/// The dependencies, running. Dropping them stops them and deletes their data.
pub(crate) struct Platform {
    google: Service,
    redis: Redis,
    postgres: Option<Postgres>,
    folder: DataFolder,
    database: Vec<(&'static str, String)>,
}

impl Platform {
    /// Starts them: on the disk when commits shall wait for it, else in memory.
    pub(crate) async fn start(durability: Durability) -> anyhow::Result<Self> {
        let (folder, postgres, redis) = spawn_blocking(move || -> anyhow::Result<_> {
            let folder = match durability {
                Durability::Durable => folder_on_disk()?,
                Durability::ThrowAway => DataFolder::throw_away()?,
            };
            let postgres = Postgres::start(&folder, durability)?;
            let redis = Redis::start(&folder)?;
            Ok((folder, postgres, redis))
        })
        .await??;
        let google = start_google(&folder.path().join("google")).await?;
        let platform = Self {
            database: connection(&postgres.url("postgres"))?,
            google,
            redis,
            postgres: Some(postgres),
            folder,
        };
        platform.make_database().await
    }

    async fn make_database(mut self) -> anyhow::Result<Self> {
        self.sql(&format!("CREATE DATABASE {DATABASE}")).await?;
        self.database = connection(&self.postgres()?.url(DATABASE))?;
        for migration in checkout::migrations()? {
            self.sql_file(&migration).await?;
        }
        Ok(self)
    }

    fn postgres(&self) -> anyhow::Result<&Postgres> {
        self.postgres.as_ref().context("PostgreSQL does not run")
    }

    /// Restarts PostgreSQL on the same port, for settings that it reads at its start only.
    pub(crate) async fn restart_postgres(&mut self) -> anyhow::Result<()> {
        let postgres = self.postgres.take().context("PostgreSQL does not run")?;
        let folder = self.folder.clone();
        let again = spawn_blocking(move || -> anyhow::Result<_> {
            let port = postgres.port();
            postgres.stop()?;
            Ok(Postgres::start_on(&folder, Durability::Durable, port)?)
        });
        self.postgres = Some(again.await??);
        Ok(())
    }

    /// Runs SQL, and returns the rows as text: `|` between columns.
    pub(crate) async fn sql(&self, text: &str) -> anyhow::Result<String> {
        self.psql(&["-c", text]).await
    }

    /// Runs a file of SQL.
    pub(crate) async fn sql_file(&self, file: &Path) -> anyhow::Result<()> {
        let file = file.display().to_string();
        self.psql(&["-f", &file]).await.map(drop)
    }

    async fn psql(&self, what: &[&str]) -> anyhow::Result<String> {
        let quietly = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"];
        let args = quietly.iter().chain(what);
        tool::run(
            &self.postgres_tool("psql")?,
            args,
            Cores::Both,
            &self.database,
        )
        .await
    }

    /// A program of the server's own version.
    pub(crate) fn postgres_tool(&self, name: &str) -> anyhow::Result<PathBuf> {
        Ok(self.postgres()?.bin().join(name))
    }

    /// The server's process.
    pub(crate) fn postgres_process(&self) -> anyhow::Result<u32> {
        Ok(self.postgres()?.id())
    }

    /// Redis' process.
    pub(crate) fn redis_process(&self) -> u32 {
        self.redis.id()
    }

    /// gcp-local's process.
    pub(crate) fn google_process(&self) -> u32 {
        self.google.id()
    }

    /// What PostgreSQL's programs find the database by. A command line would show the password to everybody.
    pub(crate) fn database(&self) -> &[(&'static str, String)] {
        &self.database
    }

    /// A folder for what a benchmark writes.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where gcp-local is.
    pub(crate) fn google_url(&self) -> String {
        self.google.url()
    }

    /// Starts one of our services, with `more` variables.
    pub(crate) fn service(
        &self,
        kind: Kind,
        more: &[(&str, String)],
        cores: Cores,
    ) -> anyhow::Result<Service> {
        let mut variables = self.variables(kind)?;
        for (name, value) in more {
            variables.insert((*name).to_owned(), value.clone());
        }
        Service::start(self.folder.path(), kind, variables, Vec::new(), cores)
    }

    fn variables(&self, kind: Kind) -> anyhow::Result<Variables> {
        let google = self.google_url();
        let authority = format!("127.0.0.1:{}", self.google.port());
        let keys = "service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";
        let account = |name: &str| format!("{name}@{PROJECT}.iam.gserviceaccount.com");
        let nobody = format!("http://127.0.0.1:{}", free_port()?);
        let variables = [
            ("BIND_ADDRESS", "127.0.0.1".to_owned()),
            // Lines as production writes them.
            ("LOG_FORMAT", "json".to_owned()),
            ("DATABASE_URL", self.postgres()?.url(DATABASE)),
            ("REDIS_URL", self.redis.url(0)),
            ("GOOGLE_CLOUD_PROJECT", PROJECT.to_owned()),
            ("PUBSUB_EMULATOR_HOST", authority.clone()),
            ("STORAGE_BASE_URL", google.clone()),
            ("CLOUD_TASKS_BASE_URL", google.clone()),
            (
                "GCE_METADATA_HOST",
                format!("{authority}/as/{}", account(kind.name())),
            ),
            ("GOOGLE_OIDC_JWKS_URL", format!("{google}/oauth2/v3/certs")),
            ("FIREBASE_JWKS_URL", format!("{google}/{keys}")),
            ("FIREBASE_PROJECT_ID", PROJECT.to_owned()),
            ("ADMIN_EMAILS", ADMIN.to_owned()),
            ("GCS_BUCKET", BUCKET.to_owned()),
            ("GCS_PUBLIC_BASE_URL", format!("{google}/{BUCKET}")),
            ("INTERNAL_GRPC_PORT", "0".to_owned()),
            ("REELS_PROCESSOR_URL", nobody.clone()),
            ("SCHEDULER_URL", nobody.clone()),
            ("SCHEDULER_CALLERS", account("scheduler")),
            ("API_INTERNAL_URL", nobody),
            ("TASKS_SERVICE_ACCOUNT", account("tasks")),
        ];
        let owned = variables.map(|(name, value)| (name.to_owned(), value));
        Ok(Variables::from(owned))
    }

    /// A token of somebody who signed in with that address, good for an hour.
    pub(crate) async fn token(&self, email: &str) -> anyhow::Result<String> {
        let asked =
            json!({"uid": email, "email": email, "email_verified": true, "project": PROJECT});
        let url = format!("{}/issuer/firebase/id-token", self.google_url());
        let answer = Client::new().post(url).json(&asked).send().await?;
        let minted: Value = answer.error_for_status()?.json().await?;
        let token = minted.get("id_token").and_then(Value::as_str);
        Ok(token.context("no token was minted")?.to_owned())
    }
}

/// A folder whose files are on a disk, whatever memory there is.
pub(crate) fn folder_on_disk() -> anyhow::Result<DataFolder> {
    let name = format!("avvivo-bench-{}", std::process::id());
    let folder = DataFolder::open(&std::env::temp_dir().join(name))?;
    folder.remove_when_done();
    Ok(folder)
}

/// Starts gcp-local with its data in `folder`.
pub(crate) async fn start_google(folder: &Path) -> anyhow::Result<Service> {
    let data = folder.display().to_string();
    let args = ["--data-dir", &data, "--project", PROJECT].map(str::to_owned);
    let mut google = Service::start(
        folder,
        Kind::GcpLocal,
        Variables::new(),
        args.into(),
        Cores::Both,
    )?;
    google.first_answer("/oauth2/v3/certs").await?;
    Ok(google)
}

fn connection(url: &str) -> anyhow::Result<Vec<(&'static str, String)>> {
    let url = Url::parse(url)?;
    let port = url.port().context("no port in the database's address")?;
    Ok(vec![
        ("PGHOST", url.host_str().unwrap_or_default().to_owned()),
        ("PGPORT", port.to_string()),
        ("PGUSER", url.username().to_owned()),
        ("PGPASSWORD", url.password().unwrap_or_default().to_owned()),
        ("PGDATABASE", url.path().trim_start_matches('/').to_owned()),
    ])
}
