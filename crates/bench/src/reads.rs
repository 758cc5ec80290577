//! `GET /reels` with 5,000 live reels, through the real process.
//!
//! From the cache it is a file server, so it stands beside nginx with the same bytes and headers. Past the cache it is a
//! way to the database, so it stands beside pgbench with the same statements. Contestants take turns and the best round
//! of each counts: whatever disturbs a round only slows it.

mod nginx;
mod statements;

use std::time::Duration;

use anyhow::Context as _;
use avvivo_local_servers::Durability;
use http::{HeaderMap, StatusCode};

use crate::{
    checkout,
    pgbench::{self, Script},
    platform::Platform,
    progress,
    report::{Bound, Goal, Report, Table},
    sample::Millis,
    service::{Kind, Service},
    tool::{self, Cores},
    usage,
    wrk::{self, Load, Target},
};
use nginx::Nginx;
use statements::Statement;

const PATH: &str = "/reels?limit=80";
const CLIENT: &str = "client@avvivo.example";

const ROUNDS: usize = 3;
const SECONDS: u16 = 5;
/// Connections of the cached contest: enough that the server never waits for its clients.
const CACHED_CONNECTIONS: u16 = 32;
/// Connections of the uncached contest, to the api as to the database: the api's whole pool.
const UNCACHED_CONNECTIONS: u16 = 10;

const CACHED_GOAL: f64 = 0.7;
const UNCACHED_GOAL: f64 = 0.6;

pub(crate) async fn run() -> anyhow::Result<Report> {
    progress("reads: 5,000 reels of 200 shops …");
    let platform = Platform::start(Durability::ThrowAway).await?;
    platform
        .sql_file(&checkout::at("crates/bench/sql/seed_feed.sql"))
        .await?;

    let mut report = Report::new("reads", "Reading the feed");
    cached(&platform, &mut report).await?;
    for arrangement in [Arrangement::Apart, Arrangement::Together] {
        uncached(&platform, arrangement, &mut report).await?;
    }
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

async fn cached(platform: &Platform, report: &mut Report) -> anyhow::Result<()> {
    let mut api = platform.service(Kind::Api, &[], Cores::Measured)?;
    api.first_answer("/ready").await?;
    let url = format!("{}{PATH}", api.url());
    // The first fills the cache.
    fetch(&url, None).await?;
    let page = fetch(&url, None).await?;
    let hit = page
        .headers
        .get("x-cache")
        .is_some_and(|told| told == "HIT");
    anyhow::ensure!(hit, "the second answer does not come from the cache");
    let nginx = Nginx::start(platform.folder(), &page, Cores::Measured).await?;

    let (mut ours, mut theirs) = (None, None);
    for round in 1..=ROUNDS {
        progress(format_args!("reads: cached, round {round} of {ROUNDS} …"));
        keep_better(&mut ours, cached_round(&url, api.id()).await?);
        keep_better(&mut theirs, cached_round(nginx.url(), nginx.id()).await?);
    }
    let (ours, theirs) = ours.zip(theirs).context("no rounds")?;
    report_cached(report, page.body.len(), &ours, &theirs);
    api.kill()
}

fn report_cached(report: &mut Report, bytes: usize, ours: &Round, theirs: &Round) {
    let mut table = Table::new(&[
        "Cached",
        "requests/s",
        "p50",
        "p99",
        "CPU µs each",
        "its core",
        "generator's core",
        "/ nginx",
    ]);
    for (name, round) in [("api", ours), ("nginx", theirs)] {
        table.row([
            name.to_owned(),
            format!("{:.0}", round.rate),
            Millis(round.p50).to_string(),
            Millis(round.p99).to_string(),
            format!("{:.1}", round.cpu.as_secs_f64() * 1e6),
            format!("{:.0} %", round.server * 100.0),
            format!("{:.0} %", round.generator * 100.0),
            format!("{:.2}", round.rate / theirs.rate),
        ]);
    }
    report.table(
        &format!(
            "From the cache: {bytes} bytes, {CACHED_CONNECTIONS} connections, each server on one core and the generator on \
             another, best of {ROUNDS} rounds of {SECONDS} s. Both write an access log. Where neither core is near 100 %, \
             others took them, and only CPU time tells the servers apart:"
        ),
        &table,
    );
    for (what, found) in [
        ("requests/s of nginx's", ours.rate / theirs.rate),
        (
            "nginx's CPU time of ours",
            theirs.cpu.as_secs_f64() / ours.cpu.as_secs_f64(),
        ),
    ] {
        report.goal(Goal {
            what: format!("cached `GET /reels`, {what}"),
            found,
            bound: Bound::AtLeast(CACHED_GOAL),
            unit: "",
        });
    }
}

async fn cached_round(url: &str, server: u32) -> anyhow::Result<Round> {
    let before = usage::cpu_time(server)?;
    let target = Target {
        url,
        token: None,
        script: None,
    };
    let load = wrk::run(target, CACHED_CONNECTIONS, SECONDS, Cores::Measuring).await?;
    let cpu = usage::cpu_time(server)?.saturating_sub(before);
    Ok(Round::of(&load, cpu, Duration::ZERO))
}

/// Where the database runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrangement {
    /// On a core of its own, as on a host of its own; whoever asks has the other.
    Apart,
    /// Everything shares both cores, as on a single host.
    Together,
}

impl Arrangement {
    fn database(self) -> Cores {
        match self {
            Self::Apart => Cores::Measured,
            Self::Together => Cores::Both,
        }
    }

    fn others(self) -> Cores {
        match self {
            Self::Apart => Cores::Measuring,
            Self::Together => Cores::Both,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Apart => "database on a core of its own",
            Self::Together => "all on the same two cores",
        }
    }
}

async fn uncached(
    platform: &Platform,
    arrangement: Arrangement,
    report: &mut Report,
) -> anyhow::Result<()> {
    tool::pin(platform.postgres_process()?, arrangement.database()).await?;
    let uncached = [("RESPONSE_CACHE_MB", "0".to_owned())];
    let mut api = platform.service(Kind::Api, &uncached, arrangement.others())?;
    api.first_answer("/ready").await?;
    let token = platform.token(CLIENT).await?;
    let page = fetch(&format!("{}{PATH}", api.url()), Some(&token)).await?;
    let shops = shops_in(&page.body)?;
    let script = |skipped| statements::script(platform.folder(), CLIENT, &shops, skipped);
    let (whole, feed_only) = (script(None)?, script(Some(Statement::Account))?);

    let (mut ours, mut same, mut less) = (None, None, None);
    for round in 1..=ROUNDS {
        let name = arrangement.name();
        progress(format_args!(
            "reads: uncached, {name}, round {round} of {ROUNDS} …"
        ));
        keep_better(
            &mut ours,
            uncached_round(platform, &api, &token, arrangement).await?,
        );
        keep_better(
            &mut same,
            pgbench_round(platform, &whole, arrangement).await?,
        );
        keep_better(
            &mut less,
            pgbench_round(platform, &feed_only, arrangement).await?,
        );
    }
    let ours = ours.context("no rounds")?;
    let same = same.context("no rounds")?;
    let less = less.context("no rounds")?;
    report_uncached(report, arrangement, &[ours, same, less]);
    api.kill()
}

fn report_uncached(report: &mut Report, arrangement: Arrangement, rounds: &[Round; 3]) {
    let [ours, same, _] = rounds;
    let mut table = Table::new(&[
        "Uncached",
        "requests/s",
        "p50",
        "p99",
        "CPU µs each",
        "database CPU µs",
        "api / it",
    ]);
    let names = [
        "api, signed in",
        "pgbench, account + feed + shops",
        "pgbench, feed + shops",
    ];
    for (name, round) in names.into_iter().zip(rounds) {
        table.row([
            name.to_owned(),
            format!("{:.0}", round.rate),
            Millis(round.p50).to_string(),
            Millis(round.p99).to_string(),
            format!("{:.0}", round.cpu.as_secs_f64() * 1e6),
            format!("{:.0}", round.database_cpu.as_secs_f64() * 1e6),
            format!("{:.2}", ours.rate / round.rate),
        ]);
    }
    let name = arrangement.name();
    report.table(
        &format!(
            "Without a cache, {name}, {UNCACHED_CONNECTIONS} connections to whatever is asked, best of {ROUNDS} rounds of \
             {SECONDS} s. A signed-in request runs three statements; the database answers pgbench in text and the api in \
             binary:"
        ),
        &table,
    );
    report.goal(Goal {
        what: format!("uncached `GET /reels`, requests/s of pgbench's, {name}"),
        found: ours.rate / same.rate,
        bound: Bound::AtLeast(UNCACHED_GOAL),
        unit: "",
    });
}

async fn uncached_round(
    platform: &Platform,
    api: &Service,
    token: &str,
    arrangement: Arrangement,
) -> anyhow::Result<Round> {
    let database = platform.postgres_process()?;
    let url = format!("{}{PATH}", api.url());
    let before = (usage::cpu_time(api.id())?, usage::cpu_time(database)?);
    let target = Target {
        url: &url,
        token: Some(token),
        script: None,
    };
    let load = wrk::run(target, UNCACHED_CONNECTIONS, SECONDS, arrangement.others()).await?;
    let cpu = usage::cpu_time(api.id())?.saturating_sub(before.0);
    let database_cpu = usage::cpu_time(database)?.saturating_sub(before.1);
    Ok(Round::of(&load, cpu, database_cpu))
}

async fn pgbench_round(
    platform: &Platform,
    script: &Script,
    arrangement: Arrangement,
) -> anyhow::Result<Round> {
    let database = platform.postgres_process()?;
    let before = usage::cpu_time(database)?;
    let load = pgbench::run(
        platform,
        script,
        UNCACHED_CONNECTIONS,
        SECONDS,
        arrangement.others(),
    )
    .await?;
    let database_cpu = usage::cpu_time(database)?.saturating_sub(before);
    Ok(Round::of(&load, load.cpu, database_cpu))
}

/// The shops of an answer, as PostgreSQL writes an array: what the api bound to the last statement of its request.
fn shops_in(body: &[u8]) -> anyhow::Result<String> {
    let reels: Vec<serde_json::Value> = serde_json::from_slice(body)?;
    let mut shops: Vec<&str> = reels
        .iter()
        .filter_map(|reel| reel.get("shopId")?.as_str())
        .collect();
    anyhow::ensure!(
        shops.len() == reels.len() && shops.len() == 80,
        "not 80 reels"
    );
    shops.sort_unstable();
    shops.dedup();
    Ok(format!("{{{}}}", shops.join(",")))
}
