//! What is read most, through the real process, with 500 shops and 5,000 live reels.
//!
//! From the cache the api is a file server, so it stands beside nginx with the same bytes and headers. Past the cache it is a
//! way to the database, so it stands beside pgbench with the same statements. Contestants take turns and the best round
//! of each counts: whatever disturbs a round only slows it.

mod cached;
mod nginx;
mod statements;
mod uncached;

use std::time::Duration;

use avvivo_local_servers::Durability;
use http::{HeaderMap, StatusCode};

use crate::{checkout, platform::Platform, progress, report::Report, wrk::Load};

/// Lists that everybody sees.
const LISTS: [&str; 5] = [
    "/reels?limit=80",
    "/shops?limit=20",
    "/shops/featured",
    "/shops/by-letter?letter=t",
    "/shops/map-data",
];
/// What a client sees of themselves.
const OWN: &str = "/clients/me";
const CLIENT: &str = "client@avvivo.example";

const ROUNDS: usize = 3;
const SECONDS: u16 = 3;

pub(crate) async fn run() -> anyhow::Result<Report> {
    progress("api: 5,000 reels, 500 shops …");
    let platform = Platform::start(Durability::ThrowAway).await?;
    for seed in ["seed_feed", "seed_shops"] {
        let file = format!("crates/bench/sql/{seed}.sql");
        platform.sql_file(&checkout::at(&file)).await?;
    }
    let mut report = Report::new("api", "Reading");
    cached::measure(&platform, &mut report).await?;
    uncached::measure(&platform, &mut report).await?;
    Ok(report)
}

/// An answer of the api.
struct Page {
    headers: HeaderMap,
    body: bytes::Bytes,
}

async fn fetch(url: &str, token: Option<&str>) -> anyhow::Result<Page> {
    let mut request = reqwest::Client::new().get(url);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await?;
    anyhow::ensure!(answer.status() == StatusCode::OK, "{}", answer.status());
    Ok(Page {
        headers: answer.headers().clone(),
        body: answer.bytes().await?,
    })
}

/// What a contestant reached in its best round.
#[derive(Debug, Clone, Copy)]
struct Round {
    rate: f64,
    p50: Duration,
    p99: Duration,
    /// CPU time of the contestant for one answer.
    cpu: Duration,
    /// CPU time of the database for one answer.
    database_cpu: Duration,
    /// How much of a core the contestant took, and how much the generator.
    server: f64,
    generator: f64,
}

impl Round {
    fn of(load: &Load, cpu: Duration, database_cpu: Duration) -> Self {
        let each = |cpu: Duration| Duration::from_secs_f64(cpu.as_secs_f64() / load.requests);
        Self {
            rate: load.rate,
            p50: load.p50,
            p99: load.p99,
            cpu: each(cpu),
            database_cpu: each(database_cpu),
            server: cpu.as_secs_f64() / f64::from(SECONDS),
            generator: load.cpu.as_secs_f64() / f64::from(SECONDS),
        }
    }
}

fn keep_better(best: &mut Option<Round>, round: Round) {
    if best.is_none_or(|best| round.rate > best.rate) {
        *best = Some(round);
    }
}
