//! Some who open a stream and never read from it, among those who do.

use super::{
    contest::{alone, deliveries, row},
    load::{Found, Load},
    stage::{Stage, Who},
};
use crate::report::{Bound, Goal, Report};

const HEALTHY: u32 = 500;
const STALLED: u32 = 100;
const BYTES: u32 = 4_096;
const RATE: u32 = 150;
const SECONDS: u32 = 6;
/// The gateway hangs up on whoever takes nothing for thirty.
const LONG_SECONDS: u32 = 34;

/// What the healthy ones get of what they got alone.
const GOAL_SHARE: f64 = 0.95;
/// Nothing; a hundred readers who take a page between them are as good as that.
const GOAL_KIB: f64 = 1.0;

pub(super) async fn measure(stage: &Stage, report: &mut Report) -> anyhow::Result<f64> {
    let mut table = deliveries("500 readers, 4 KiB, 150/s");
    let name = "nobody stalled";
    let floor = alone(stage, Who::Floor, name, &load(SECONDS, 0)).await?;
    row(&mut table, name, Who::Floor, (&floor, None));
    let healthy = alone(stage, Who::Gateway, name, &load(SECONDS, 0)).await?;
    let ratio =
        |found: &Found| Some(found.server.cpu_us_per_delivery / floor.server.cpu_us_per_delivery);
    row(&mut table, name, Who::Gateway, (&healthy, ratio(&healthy)));
    let name = "100 more that never read";
    let beside = alone(stage, Who::Gateway, name, &load(LONG_SECONDS, STALLED)).await?;
    row(&mut table, name, Who::Gateway, (&beside, ratio(&beside)));
    report.table(
        "Readers that never read, beside those who do. What the floor does with somebody slow is not correct, so it has none:",
        &table,
    );
    let each = (beside.growth_kib() - healthy.growth_kib()).max(0.0) / f64::from(STALLED);
    report.note(format!(
        "While events went out the gateway's memory grew by {:.1} MiB without and by {:.1} MiB with those who never read. It \
         hung up on {} of {STALLED} of them within {LONG_SECONDS} s.",
        healthy.growth_kib() / 1024.0,
        beside.growth_kib() / 1024.0,
        beside.delivery.stalled_closed_by_server,
    ));
    goals(report, &healthy, &beside, each);
    Ok(healthy.wrong() + beside.wrong())
}

fn load(seconds: u32, stalled: u32) -> Load {
    Load {
        readers: HEALTHY,
        events: RATE * seconds,
        rate: Some(RATE),
        bytes: BYTES,
        more: vec!["--stalled".to_owned(), stalled.to_string()],
        ..Load::default()
    }
}

fn goals(report: &mut Report, healthy: &Found, beside: &Found, each: f64) {
    let mut goal = |what: &str, found, bound, unit| {
        report.goal(Goal {
            what: what.to_owned(),
            found,
            bound,
            unit,
        });
    };
    let share = beside.delivery.per_sec / healthy.delivery.per_sec;
    goal(
        "beside stalled readers: deliveries/s, of those without",
        share,
        Bound::AtLeast(GOAL_SHARE),
        "",
    );
    goal(
        "user memory of a stalled reader",
        each,
        Bound::AtMost(GOAL_KIB),
        " KiB",
    );
    let closed = beside.delivery.stalled_closed_by_server;
    goal(
        "stalled readers that were hung up on, of 100",
        closed,
        Bound::AtLeast(f64::from(STALLED)),
        "",
    );
}
