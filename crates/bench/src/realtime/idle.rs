//! Readers of whom nobody says anything: what they take of memory and CPU time, and what it took to connect them.
//!
//! Each reads three topics: one of its own, one that it shares with some, and one that all read.

use std::{fs, time::Duration};

use anyhow::Context as _;
use futures::future::try_join_all;
use tokio::time::{Instant, sleep};

use super::{
    contest::alone,
    load::{Found, Load},
    stage::{Server, Stage, Who},
};
use crate::{
    metrics, progress,
    report::{Bound, Goal, Report, Table},
    usage,
};

const ASKS_FOR: &str = "own-{i},{channel},all";
const SHARED: u32 = 1_000;
/// Two beats of everybody: with less, how much of a beat is in it would be chance.
const IDLE_SECONDS: u32 = 50;

const GOAL_KIB: f64 = 0.5;
const GOAL_IDLE_US: f64 = 0.6;
const GOAL_CONNECT_US: f64 = 60.0;

/// Readers of all gateways together, and what they may take in MiB.
const CROWD: u32 = 100_000;
const GOAL_CROWD_MIB: f64 = 60.0;
/// More processes would only show that a limit is low.
const MOST_GATEWAYS: u32 = 8;
/// How long the load generators hold on to what they opened: the slowest has to be done meanwhile.
const HOLD_SECONDS: u32 = 20;
const LIMIT: Duration = Duration::from_mins(1);

pub(super) async fn measure(stage: &Stage, report: &mut Report) -> anyhow::Result<f64> {
    let readers = stage.most_readers();
    let name = format!("{readers} readers");
    let mut table = Table::new(&[
        "Idle",
        "user memory, KiB each",
        "kernel slab of both ends, KiB each",
        "CPU µs/s each",
        "connects/s",
        "CPU µs a connect",
    ]);
    let floor = alone(stage, Who::Floor, &name, &load(readers, 1)).await?;
    row(
        &mut table,
        &format!("{name}, one topic each: floor"),
        &floor,
        None,
    );

    progress(format_args!(
        "realtime: {name} idle for {IDLE_SECONDS} s, gateway …"
    ));
    let server = stage.server(Who::Gateway).await?;
    let asked = load(readers, IDLE_SECONDS).on(stage, &server).await?;
    let idle_us = asked.idle.server_cpu_percent * 1e4 / f64::from(readers);
    row(
        &mut table,
        &format!("{name}, three topics each: gateway"),
        &asked,
        Some(idle_us),
    );
    let kept = load(readers, 1).on(stage, &server).await?;
    server.kill()?;
    table.row([
        "the same readers again, their rights known: gateway".to_owned(),
        String::new(),
        String::new(),
        String::new(),
        format!("{:.0}", kept.connect.per_sec),
        format!("{:.1}", kept.connect.cpu_us),
    ]);
    report.table(
        &format!(
            "Readers that hear nothing. Of the gateway's three topics one is each reader's own, one is read by {} and one by \
             all; its CPU time is that of two beats in {IDLE_SECONDS} s. The first time the api is asked about every reader:",
            readers / SHARED
        ),
        &table,
    );
    goals(report, (&asked, &kept), idle_us);
    crowd(stage, report).await?;
    Ok(asked.wrong() + kept.wrong())
}

fn load(readers: u32, idle_seconds: u32) -> Load {
    Load {
        readers,
        topics: SHARED,
        idle_seconds,
        asks_for: ASKS_FOR,
        // The same topics every time, so that whoever comes again asks for the same.
        more: ["--channel-prefix", "some-"].map(str::to_owned).to_vec(),
        ..Load::default()
    }
}

fn row(table: &mut Table, name: &str, found: &Found, idle_us: Option<f64>) {
    table.row([
        name.to_owned(),
        format!("{:.2}", found.idle.server_kib_per_connection),
        format!("{:.2}", found.connect.kernel_slab_kib_per_connection),
        idle_us.map_or_else(String::new, |us| format!("{us:.2}")),
        format!("{:.0}", found.connect.per_sec),
        format!("{:.1}", found.connect.cpu_us),
    ]);
}

fn goals(report: &mut Report, (asked, kept): (&Found, &Found), idle_us: f64) {
    let mut goal = |what: &str, found, bound, unit| {
        report.goal(Goal {
            what: what.to_owned(),
            found,
            bound: Bound::AtMost(bound),
            unit,
        });
    };
    let memory = asked.idle.server_kib_per_connection;
    goal(
        "user memory of an idle reader of three topics",
        memory,
        GOAL_KIB,
        " KiB",
    );
    goal(
        "CPU of an idle reader, a second",
        idle_us,
        GOAL_IDLE_US,
        " µs",
    );
    let [first, again] = [asked, kept].map(|found| found.connect.cpu_us);
    goal(
        "CPU of a connect, the api asked",
        first,
        GOAL_CONNECT_US,
        " µs",
    );
    goal(
        "CPU of a connect, rights known",
        again,
        GOAL_CONNECT_US,
        " µs",
    );
}

/// As many readers as were promised, over as many gateways as a process' descriptors ask for.
async fn crowd(stage: &Stage, report: &mut Report) -> anyhow::Result<()> {
    let gateways = CROWD.div_ceil(stage.most_readers()).min(MOST_GATEWAYS);
    let each = CROWD.div_ceil(gateways).min(stage.most_readers());
    let all = each * gateways;
    progress(format_args!(
        "realtime: {all} readers of {gateways} gateways …"
    ));
    let mut servers = Vec::new();
    for number in 1..=gateways {
        servers.push(stage.gateway(number).await?);
    }
    let before = Held::now(&servers)?;
    let began = Instant::now();
    let hold = load(each, HOLD_SECONDS);
    let loads = try_join_all(servers.iter().map(|server| hold.on(stage, server)));
    let filling = async {
        filled(&servers, all).await?;
        anyhow::Ok((began.elapsed(), Held::now(&servers)?))
    };
    let (_, (took, full)) = tokio::try_join!(loads, filling)?;
    for server in servers {
        server.kill()?;
    }
    let user = full.user_mib - before.user_mib;
    report.note(format!(
        "{all} such readers at once, on {gateways} gateways of {each} each because a process may open only so many files, were \
         there after {:.1} s: {user:.1} MiB of user memory beyond the {:.1} MiB that the gateways took before, and {:.0} MiB of \
         the kernel's slab for both ends.",
        took.as_secs_f64(),
        before.user_mib,
        full.slab_mib - before.slab_mib,
    ));
    report.goal(Goal {
        what: format!("user memory of {all} idle readers, {gateways} gateways"),
        found: user,
        bound: Bound::AtMost(GOAL_CROWD_MIB * f64::from(all) / f64::from(CROWD)),
        unit: " MiB",
    });
    Ok(())
}

/// Returns when so many streams are open.
async fn filled(servers: &[Server], readers: u32) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let mut open = 0.0;
        for server in servers {
            let text = metrics::text(&format!("http://127.0.0.1:{}", server.port)).await?;
            open += metrics::total(&text, "avvivo_sse_connections", &[])?;
        }
        if open >= f64::from(readers) {
            return Ok(());
        }
        anyhow::ensure!(
            began.elapsed() < LIMIT,
            "{open} of {readers} readers were there after {LIMIT:?}"
        );
        sleep(Duration::from_millis(500)).await;
    }
}

/// What servers hold together.
struct Held {
    user_mib: f64,
    /// The whole machine's.
    slab_mib: f64,
}

impl Held {
    fn now(servers: &[Server]) -> anyhow::Result<Self> {
        let mut user = 0;
        for server in servers {
            user += usage::memory(server.id)?.proportional >> 10;
        }
        let memory = fs::read_to_string("/proc/meminfo")?;
        let slab = memory.lines().find_map(|line| line.strip_prefix("Slab:"));
        let slab = slab.and_then(|kib| kib.trim().strip_suffix(" kB"));
        Ok(Self {
            user_mib: f64::from(u32::try_from(user)?) / 1024.0,
            slab_mib: slab.context("no Slab in /proc/meminfo")?.parse::<f64>()? / 1024.0,
        })
    }
}
