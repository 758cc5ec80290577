//! The same load on the floor and on the gateway, one right after the other; and how deliveries are told.

use super::{
    load::{Found, Load},
    stage::{Stage, Who},
};
use crate::{progress, report::Table};

/// What the two did.
pub(super) struct Pair {
    pub(super) floor: Found,
    pub(super) gateway: Found,
    /// Events that the gateway got wrong, in all rounds.
    pub(super) wrong: f64,
}

impl Pair {
    /// The gateway's CPU time of a delivery, in the floor's.
    pub(super) fn ratio(&self) -> f64 {
        self.gateway.server.cpu_us_per_delivery / self.floor.server.cpu_us_per_delivery
    }
}

/// Takes so many turns, and keeps of each the one that cost the least CPU time.
pub(super) async fn contest(
    stage: &Stage,
    name: &str,
    load: &Load,
    rounds: u32,
) -> anyhow::Result<Pair> {
    let mut best = turn(stage, name, load).await?;
    for _ in 1..rounds {
        let next = turn(stage, name, load).await?;
        best = Pair {
            floor: cheaper(best.floor, next.floor),
            gateway: cheaper(best.gateway, next.gateway),
            wrong: best.wrong + next.wrong,
        };
    }
    Ok(best)
}

async fn turn(stage: &Stage, name: &str, load: &Load) -> anyhow::Result<Pair> {
    let floor = alone(stage, Who::Floor, name, load).await?;
    let gateway = alone(stage, Who::Gateway, name, load).await?;
    Ok(Pair {
        wrong: gateway.wrong(),
        floor,
        gateway,
    })
}

fn cheaper(one: Found, other: Found) -> Found {
    if other.server.cpu_us_per_delivery < one.server.cpu_us_per_delivery {
        other
    } else {
        one
    }
}

/// One of the two, fresh, under a load.
pub(super) async fn alone(
    stage: &Stage,
    who: Who,
    name: &str,
    load: &Load,
) -> anyhow::Result<Found> {
    progress(format_args!("realtime: {name}, {} …", who.name()));
    let server = stage.server(who).await?;
    let found = load.on(stage, &server).await?;
    server.kill()?;
    Ok(found)
}

/// A table of deliveries.
pub(super) fn deliveries(what: &str) -> Table {
    Table::new(&[
        what,
        "deliveries/s",
        "CPU µs each",
        "kernel",
        "user",
        "/ floor",
        "p50 ms",
        "p99 ms",
        "p99 from schedule",
        "events a read",
        "cores",
        "others",
        "wrong",
    ])
}

/// Both rows of a run.
pub(super) fn rows(table: &mut Table, name: &str, pair: &Pair) {
    row(table, name, Who::Floor, (&pair.floor, None));
    row(
        table,
        name,
        Who::Gateway,
        (&pair.gateway, Some(pair.ratio())),
    );
}

/// One row of such a table.
pub(super) fn row(table: &mut Table, name: &str, who: Who, (found, ratio): (&Found, Option<f64>)) {
    let (delivery, server) = (&found.delivery, &found.server);
    let kernel = server.cpu_us_per_delivery - server.user_us_per_delivery;
    table.row([
        format!("{name}: {}", who.name()),
        format!("{:.0}", delivery.per_sec),
        format!("{:.2}", server.cpu_us_per_delivery),
        format!("{kernel:.2}"),
        format!("{:.2}", server.user_us_per_delivery),
        ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")),
        format!("{:.2}", delivery.latency_ms.p50),
        format!("{:.2}", delivery.latency_ms.p99),
        format!("{:.2}", delivery.latency_from_schedule_ms.p99),
        format!("{:.2}", delivery.deliveries_per_read),
        format!("{:.2}", server.publish_phase_cores),
        format!("{:.2}", found.host.other_cores),
        format!("{}", found.wrong()),
    ]);
}
