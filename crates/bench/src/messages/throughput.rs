//! How many messages one api on one core accepts, with PostgreSQL on the other; and beside it the same statements without an
//! api.
//!
//! What generates, counts and carries (wrk, Redis, gcp-local) runs on whichever of the two cores has room.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use tokio::time::{Instant, sleep};

use super::{Bus, Crowd, disk::flushes_per_second, start_api, statements};
use crate::{
    pgbench::{self, Script},
    platform::Platform,
    progress,
    report::{Bound, Goal, Report, Table},
    sample::Millis,
    service::Service,
    tool::{self, Cores},
    usage,
    wrk::{self, Load, Target},
};

const ROUNDS: usize = 3;
const SECONDS: u16 = 5;
const WARM_UP_SECONDS: u16 = 2;
/// Whoever writes waits for the answer, then writes again.
const WRITERS: u16 = 64;
/// An outbox that is not empty by then is not keeping up.
const LIMIT: Duration = Duration::from_secs(30);
const GOAL: f64 = 2_000.0;

pub(super) async fn measure(
    platform: &Platform,
    crowd: &Crowd,
    report: &mut Report,
) -> anyhow::Result<()> {
    tool::pin(platform.postgres_process()?, Cores::Measuring).await?;
    let flushes = flushes_per_second(platform).await?;
    let script = script(platform, crowd)?;
    let mut found = Vec::new();
    for bus in Bus::EACH {
        let (mut api, _) = start_api(platform, bus, Cores::Measured)?;
        api.first_answer("/ready").await?;
        load(&api, &script, WARM_UP_SECONDS).await?;
        let name = bus.name();
        let best = best(name, async || accepted(platform, &api, &script).await).await?;
        found.push((format!("api, events through {name}"), best));
        report.goal(Goal {
            what: format!("messages accepted a second, {name}"),
            found: best.load.rate,
            bound: Bound::AtLeast(GOAL),
            unit: "",
        });
        api.kill()?;
    }
    let same = statements::script(platform.folder())?;
    let best = best("pgbench", async || written(platform, &same).await).await?;
    let name = format!("pgbench, {} messages together", statements::TOGETHER);
    found.push((name, best));
    tell(report, &found, flushes);
    Ok(())
}

/// The round that got furthest.
async fn best(name: &str, round: impl AsyncFn() -> anyhow::Result<Round>) -> anyhow::Result<Round> {
    let mut best: Option<Round> = None;
    for number in 1..=ROUNDS {
        progress(format_args!(
            "messages: as many as go, {name}, round {number} of {ROUNDS} …"
        ));
        let round = round().await?;
        if best.is_none_or(|best| round.load.rate > best.load.rate) {
            best = Some(round);
        }
    }
    best.context("no rounds")
}

/// What was used meanwhile: CPU time of the api, PostgreSQL, Redis and gcp-local, in the order of the table; and how often
/// PostgreSQL had the disk keep its log.
#[derive(Debug, Clone, Copy)]
struct Used {
    cpu: [Duration; 4],
    flushes: f64,
}

impl Used {
    async fn now(platform: &Platform, api: Option<&Service>) -> anyhow::Result<Self> {
        let flushes = platform.sql("SELECT wal_sync FROM pg_stat_wal").await?;
        let api = match api {
            Some(api) => usage::cpu_time(api.id())?,
            None => Duration::ZERO,
        };
        Ok(Self {
            cpu: [
                api,
                usage::cpu_time(platform.postgres_process()?)?,
                usage::cpu_time(platform.redis_process())?,
                usage::cpu_time(platform.google_process())?,
            ],
            flushes: flushes.trim().parse()?,
        })
    }

    fn since(mut self, before: Self) -> Self {
        for (used, before) in self.cpu.iter_mut().zip(before.cpu) {
            *used = used.saturating_sub(before);
        }
        self.flushes -= before.flushes;
        self
    }
}

#[derive(Debug, Clone, Copy)]
struct Round {
    load: Load,
    used: Used,
    /// What the relay had not forgotten when the last message was accepted, and how long it took for that.
    left: u32,
    gone_in: Duration,
}

/// Writers write through the api.
async fn accepted(platform: &Platform, api: &Service, script: &Path) -> anyhow::Result<Round> {
    let before = Used::now(platform, Some(api)).await?;
    let load = load(api, script, SECONDS).await?;
    let ended = Instant::now();
    let left = waiting(platform).await?;
    let mut still = left;
    while still > 0 {
        anyhow::ensure!(ended.elapsed() < LIMIT, "{still} events are not published");
        sleep(Duration::from_millis(20)).await;
        still = waiting(platform).await?;
    }
    let gone_in = ended.elapsed();
    // PostgreSQL's backends tell what they did about once a second.
    sleep(Duration::from_secs(1)).await;
    Ok(Round {
        load,
        // Publishing what was left belongs to it.
        used: Used::now(platform, Some(api)).await?.since(before),
        left,
        gone_in,
    })
}

/// pgbench runs what the api would.
async fn written(platform: &Platform, same: &Script) -> anyhow::Result<Round> {
    let before = Used::now(platform, None).await?;
    let connections = statements::AT_ONCE;
    let load = pgbench::run(platform, same, connections, SECONDS, Cores::Measured).await?;
    let load = Load {
        rate: load.rate * f64::from(statements::TOGETHER),
        requests: load.requests * f64::from(statements::TOGETHER),
        ..load
    };
    sleep(Duration::from_secs(1)).await;
    let used = Used::now(platform, None).await?.since(before);
    // Nobody relays here.
    platform.sql("DELETE FROM outbox").await?;
    Ok(Round {
        load,
        used,
        left: 0,
        gone_in: Duration::ZERO,
    })
}

async fn waiting(platform: &Platform) -> anyhow::Result<u32> {
    let rows = platform.sql("SELECT count(*) FROM outbox").await?;
    Ok(rows.trim().parse()?)
}

async fn load(api: &Service, script: &Path, seconds: u16) -> anyhow::Result<Load> {
    let target = Target {
        url: &api.url(),
        token: None,
        script: Some(script),
    };
    wrk::run(target, WRITERS, seconds, Cores::Both).await
}

/// Everybody writes in turn, so that no two write to one conversation at once.
fn script(platform: &Platform, crowd: &Crowd) -> anyhow::Result<PathBuf> {
    let mut text = "local senders = {\n".to_owned();
    for sender in &crowd.clients {
        writeln!(text, "  {{\"{}\", \"{}\"}},", sender.path, sender.token)?;
    }
    text.push_str(
        r#"}
local requests, turn = {}, 0
init = function()
  local body = '{"content": "¿Tienen talle 44 en negro, por curva? ¿Hasta qué hora atienden hoy?"}'
  for place, sender in ipairs(senders) do
    local headers = {["Authorization"] = "Bearer " .. sender[2], ["Content-Type"] = "application/json"}
    requests[place] = wrk.format("POST", sender[1], headers, body)
  end
end
request = function()
  turn = turn % #requests + 1
  return requests[turn]
end
"#,
    );
    let path = platform.folder().join("messages.lua");
    fs::write(&path, text)?;
    Ok(path)
}

fn tell(report: &mut Report, found: &[(String, Round)], flushes: f64) {
    let mut table = Table::new(&[
        "Accepted",
        "messages/s",
        "p50",
        "p99",
        "CPU µs each: api",
        "PostgreSQL",
        "Redis",
        "gcp-local",
        "generator",
        "messages a flush",
        "in the outbox at the end",
        "/ pgbench",
    ]);
    let alone = found.last().map_or(f64::NAN, |(_, alone)| alone.load.rate);
    for (name, round) in found {
        let load = &round.load;
        let each = |cpu: Duration| format!("{:.0}", cpu.as_secs_f64() * 1e6 / load.requests);
        let mut row = vec![
            name.clone(),
            format!("{:.0}", load.rate),
            Millis(load.p50).to_string(),
            Millis(load.p99).to_string(),
        ];
        row.extend(round.used.cpu.map(each));
        row.push(each(load.cpu));
        row.push(format!("{:.1}", load.requests / round.used.flushes));
        row.push(format!("{}, gone in {}", round.left, Millis(round.gone_in)));
        row.push(format!("{:.2}", load.rate / alone));
        table.row(row);
    }
    report.table(
        &format!(
            "As many as go: {WRITERS} writers who wait for their answers, the api on one core, PostgreSQL on the other, generator and bus on both, best of {ROUNDS} rounds of {SECONDS} s. The disk keeps a \
             page {flushes:.0} times a second (`pg_test_fsync`); messages that are written together share a flush. pgbench \
             runs the statements that the api does: who writes, for each message; what the conversations are, and the \
             messages, for as many at once as the api gives turns; its events are not published, and its times are of a \
             whole statement:"
        ),
        &table,
    );
}
