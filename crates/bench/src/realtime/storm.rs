//! Everybody is cut off at once, is away for two seconds, and comes back at once with where it was, while events go on.

use super::{
    contest::alone,
    load::{Found, Load},
    stage::{Stage, Who},
};
use crate::report::{Bound, Goal, Report, Table};

const RATE: u32 = 4;
/// Two seconds before, two away, and what it takes to be back.
const EVENTS: u32 = 28;
const CUT_AT: &str = "0.3";
const AWAY_MS: &str = "2000";

/// In how many seconds all are back: of 10,000, and of as many as a gateway takes.
const GOAL_SECONDS: f64 = 1.6;
const GOAL_MOST_SECONDS: f64 = 3.0;

pub(super) async fn measure(stage: &Stage, report: &mut Report) -> anyhow::Result<f64> {
    let mut table = Table::new(&[
        "Storm",
        "cut off",
        "not back",
        "all back after",
        "reconnects/s",
        "replayed",
        "lost / twice / out of order",
        "live p99 ms",
        "others",
    ]);
    let floor = alone(stage, Who::Floor, "storm of 10,000", &load(10_000)).await?;
    row(
        &mut table,
        "10,000 readers: floor, which tells nothing again",
        &floor,
    )?;
    let mut wrong = 0.0;
    for (readers, goal) in [
        (10_000, GOAL_SECONDS),
        (stage.most_readers(), GOAL_MOST_SECONDS),
    ] {
        let name = format!("{readers} readers");
        let gateway = alone(
            stage,
            Who::Gateway,
            &format!("storm of {name}"),
            &load(readers),
        )
        .await?;
        let back = row(&mut table, &format!("{name}: gateway"), &gateway)?;
        wrong += gateway.wrong();
        report.goal(Goal {
            what: format!("storm of {name}: all back"),
            found: back,
            bound: Bound::AtMost(goal),
            unit: " s",
        });
    }
    report.table(
        &format!(
            "{RATE} events a second to one topic; everybody is cut off, is away for {AWAY_MS} ms, and comes back at once \
             with `Last-Event-ID`:"
        ),
        &table,
    );
    Ok(wrong)
}

fn load(readers: u32) -> Load {
    let flags = [
        "--reconnect-storm",
        "--storm-at",
        CUT_AT,
        "--storm-down-ms",
        AWAY_MS,
        "--drain-secs",
        "2",
    ];
    Load {
        readers,
        events: EVENTS,
        rate: Some(RATE),
        more: flags.map(str::to_owned).to_vec(),
        ..Load::default()
    }
}

/// Answers how many seconds it took until all were back.
fn row(table: &mut Table, name: &str, found: &Found) -> anyhow::Result<f64> {
    let Some(storm) = &found.storm else {
        anyhow::bail!("the load generator made no storm");
    };
    table.row([
        name.to_owned(),
        format!("{:.0}", storm.dropped),
        format!("{:.0}", storm.not_back),
        format!("{:.2} s", storm.all_back_secs),
        format!("{:.0}", storm.reconnects_per_sec),
        format!("{:.0}", storm.replayed),
        found.wrongs(),
        format!("{:.1}", found.delivery.latency_ms.p99),
        format!("{:.2}", found.host.other_cores),
    ]);
    // Whoever is not back at all makes it as long as can be.
    Ok(if storm.not_back > 0.0 {
        f64::INFINITY
    } else {
        storm.all_back_secs
    })
}
