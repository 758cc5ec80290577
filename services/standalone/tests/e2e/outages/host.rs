//! A single host: PostgreSQL and Redis of the test's own, and the command over them.

use std::{collections::BTreeMap, fs, path::PathBuf};

use avvivo_domain::identity::{AccountStatus, Role, UserType};
use avvivo_kernel::{Clock as _, SystemClock};
use avvivo_local_servers::{DataFolder, Durability, Postgres, ServerError};
use avvivo_postgres::{
    Database, DatabaseOptions, ensure_database,
    samples::{SamplePerson, SampleShop, ensure_person, ensure_shop},
};
use avvivo_service_kit::crypto::install_crypto;
use avvivo_testkit::{PrivateRedis, Seen, free_port, wait_for};
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::support::{
    PATIENCE,
    command::Running,
    database::Rows,
    google::Google,
    people::{Person, Shop},
    platform::home,
};

const OWNER: &str = "tienda@avvivo.example";
const CLIENT: &str = "clienta@avvivo.example";

/// Everything of one host.
pub(crate) struct Host {
    pub(crate) command: Running,
    pub(crate) redis: PrivateRedis,
    pub(crate) rows: Rows,
    pub(crate) shop: Shop,
    pub(crate) client: Person,
    pub(crate) url: String,
    postgres: Option<Postgres>,
    postgres_port: u16,
    folder: DataFolder,
    home: TempDir,
}

impl Host {
    pub(crate) async fn start() -> Self {
        install_crypto();
        let (folder, postgres) = blocking(|| {
            let folder = DataFolder::throw_away()?;
            let postgres = Postgres::start(&folder, Durability::ThrowAway)?;
            Ok((folder, postgres))
        })
        .await;
        ensure_database(&postgres.url("postgres"), "avvivo")
            .await
            .unwrap();
        let database = postgres.url("avvivo");
        let redis = PrivateRedis::start().await;
        let home = home();
        let ports = ports(&home);
        let google = format!("http://127.0.0.1:{}", ports["google"]);
        let public = ports["public"].to_string();
        let data = home.path().join("data");
        let arguments = ["serve", "--data", data.to_str().unwrap(), "--port", &public];
        let environment = environment(&database, redis.url(), &google);
        let command = Running::start(home.path(), "serve", &arguments, environment);
        let url = format!("http://127.0.0.1:{public}");
        wait_for("the host to be ready", PATIENCE, async || {
            match ready(&url).await {
                200 => Seen::Done(()),
                _ => Seen::NotYet(command.log()),
            }
        })
        .await;
        let shop = seed(&database).await;
        let google = Google::at(&google);
        let rows = Rows::at(&database);
        rows.give_quota(shop).await;
        Self {
            shop: Shop {
                owner: Person::new(&url, &google.person_token(OWNER).await),
                id: shop,
            },
            client: Person::new(&url, &google.person_token(CLIENT).await),
            postgres_port: postgres.port(),
            postgres: Some(postgres),
            command,
            redis,
            rows,
            url,
            folder,
            home,
        }
    }

    /// The command's own folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// The status of `/ready`.
    pub(crate) async fn ready(&self) -> u16 {
        ready(&self.url).await
    }

    /// Ends PostgreSQL in mid-work.
    pub(crate) async fn kill_postgres(&mut self) {
        let postgres = self.postgres.take().unwrap();
        blocking(|| postgres.kill()).await;
    }

    /// Starts it again, over the same data, where it was.
    pub(crate) async fn restart_postgres(&mut self) {
        let (folder, port) = (self.folder.clone(), self.postgres_port);
        let start = move || Postgres::start_on(&folder, Durability::ThrowAway, port);
        self.postgres = Some(blocking(start).await);
    }
}

/// Ports that are known before the start, because tokens are checked with keys that one of them serves.
fn ports(home: &TempDir) -> Map<String, Value> {
    let names = [
        "public",
        "google",
        "api",
        "api_grpc",
        "second_api",
        "second_api_grpc",
        "processor",
        "scheduler",
        "gateway",
        "second_gateway",
    ];
    let ports: Map<String, Value> = names
        .into_iter()
        .map(|name| (name.to_owned(), free_port().unwrap().into()))
        .collect();
    let data = home.path().join("data");
    fs::create_dir(&data).unwrap();
    // As an earlier start leaves it.
    fs::write(data.join("avvivo-data"), "").unwrap();
    fs::write(data.join("ports.json"), serde_json::to_vec(&ports).unwrap()).unwrap();
    ports
}

fn environment(database: &str, redis: &str, google: &str) -> BTreeMap<String, String> {
    let keys = format!("{google}/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com");
    let variables = [
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("RUST_LOG", "info"),
        ("DATABASE_URL", database),
        ("REDIS_URL", redis),
        ("FIREBASE_PROJECT_ID", "avvivo-local"),
        ("FIREBASE_JWKS_URL", &keys),
        // The load comes from one address.
        ("RATE_LIMIT_MAX", "1000000"),
    ];
    variables
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

async fn seed(database: &str) -> Uuid {
    let db = Database::lazy(database, &DatabaseOptions::default()).unwrap();
    let (owner, client, shop) = (Uuid::from_u128(11), Uuid::from_u128(21), Uuid::from_u128(1));
    let now = SystemClock.now();
    let mut tx = db.begin().await.unwrap();
    for (id, email, user_type, role) in [
        (owner, OWNER, UserType::Shop, Role::Store),
        (client, CLIENT, UserType::Client, Role::User),
    ] {
        let person = SamplePerson {
            id: id.into(),
            email,
            name: email,
            user_type,
            role,
            status: AccountStatus::Active,
        };
        ensure_person(&mut tx, person, now).await.unwrap();
    }
    let sample = SampleShop {
        id: shop.into(),
        owner: owner.into(),
        name: "Modas Flores",
        slug: "modas-flores",
        plan: "PRO",
        plan_tier: "MAXIMA",
        address: "Aranguren 3000",
        place: (-34.628, -58.476),
    };
    ensure_shop(&mut tx, sample, now).await.unwrap();
    tx.commit().await.unwrap();
    db.close().await;
    shop
}

async fn ready(url: &str) -> u16 {
    let answer = reqwest::get(format!("{url}/ready")).await;
    answer.map_or(0, |answer| answer.status().as_u16())
}

async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, ServerError> + Send + 'static,
) -> T {
    spawn_blocking(call).await.unwrap().unwrap()
}
