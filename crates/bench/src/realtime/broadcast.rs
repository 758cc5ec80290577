//! One topic that everybody reads.

use super::{
    contest::{alone, contest, deliveries, row, rows},
    load::{Found, Load},
    stage::{Stage, Who},
};
use crate::report::{Bound, Goal, Report};

/// The floor's CPU time of a delivery that the gateway's may be, and what may be our own code's of it.
const GOAL_RATIO: f64 = 1.2;
const GOAL_USER_US: f64 = 1.0;
/// Thousands of deliveries that a second of CPU time brings, one event a write.
const GOAL_THOUSANDS: f64 = 85.0;
const GOAL_P50_MS: f64 = 60.0;
const GOAL_P99_MS: f64 = 125.0;
/// At ten a second to 10,000.
const GOAL_SCHEDULE_MS: f64 = 200.0;
const GOAL_CORES: f64 = 1.2;
/// Where readers lag, so that one write takes this many events or more.
const GOAL_LAGGING_THOUSANDS: f64 = 300.0;
const GOAL_EVENTS: f64 = 4.0;

/// Events a second to 1,000 readers that are more than anybody here reads one by one.
const FLOOD: u32 = 600;
const ROUNDS: u32 = 2;

pub(super) async fn measure(stage: &Stage, report: &mut Report) -> anyhow::Result<f64> {
    let mut table = deliveries("Broadcast, one topic, 200 bytes");
    let few = "1,000 readers, 10/s";
    let pair = contest(stage, few, &load(1_000, 50, 10), 1).await?;
    rows(&mut table, few, &pair);
    let mut wrong = pair.wrong;

    let many = "10,000 readers, 5/s";
    let pair = contest(stage, many, &load(10_000, 30, 5), ROUNDS).await?;
    rows(&mut table, many, &pair);
    one_by_one(report, many, &pair.gateway, pair.ratio());
    wrong += pair.wrong;

    let fast = "10,000 readers, 10/s";
    let pair = contest(stage, fast, &load(10_000, 50, 10), 1).await?;
    rows(&mut table, fast, &pair);
    to_schedule(report, fast, &pair.gateway);
    wrong += pair.wrong;

    let as_it_goes = Load {
        events: 300,
        ..Load::default()
    };
    let name = "1,000 readers, as fast as it goes";
    let floor = alone(stage, Who::Floor, name, &as_it_goes).await?;
    row(&mut table, name, Who::Floor, (&floor, None));
    let name = "1,000 readers that lag, 600/s";
    let gateway = alone(stage, Who::Gateway, name, &load(1_000, 3 * FLOOD, FLOOD)).await?;
    let ratio = gateway.server.cpu_us_per_delivery / floor.server.cpu_us_per_delivery;
    row(&mut table, name, Who::Gateway, (&gateway, Some(ratio)));
    lagging(report, &gateway);
    wrong += gateway.wrong();

    report.table(
        "Floor and gateway in turn, both on both cores together with the load generator; of 5/s the cheapest of two \
         rounds. What the floor is told it is told over HTTP; the gateway hears it from Redis. As fast as it goes, the floor \
         holds its writer back; the gateway's writers do not wait for readers, so those fall behind and are caught up with \
         several events a write:",
        &table,
    );
    Ok(wrong)
}

fn load(readers: u32, events: u32, rate: u32) -> Load {
    Load {
        readers,
        events,
        rate: Some(rate),
        ..Load::default()
    }
}

fn one_by_one(report: &mut Report, name: &str, gateway: &Found, ratio: f64) {
    let mut goal = |what: &str, found, bound, unit| {
        let what = format!("broadcast to {name}: {what}");
        report.goal(Goal {
            what,
            found,
            bound,
            unit,
        });
    };
    let (server, times) = (&gateway.server, &gateway.delivery.latency_ms);
    goal(
        "CPU of a delivery, of the floor's",
        ratio,
        Bound::AtMost(GOAL_RATIO),
        "",
    );
    goal(
        "user CPU of a delivery",
        server.user_us_per_delivery,
        Bound::AtMost(GOAL_USER_US),
        " µs",
    );
    let thousands = server.deliveries_per_cpu_sec / 1e3;
    goal(
        "deliveries a CPU second",
        thousands,
        Bound::AtLeast(GOAL_THOUSANDS),
        " k",
    );
    goal("p50", times.p50, Bound::AtMost(GOAL_P50_MS), " ms");
    goal("p99", times.p99, Bound::AtMost(GOAL_P99_MS), " ms");
}

fn to_schedule(report: &mut Report, name: &str, gateway: &Found) {
    report.goal(Goal {
        what: format!("broadcast to {name}: p99 from the schedule"),
        found: gateway.delivery.latency_from_schedule_ms.p99,
        bound: Bound::AtMost(GOAL_SCHEDULE_MS),
        unit: " ms",
    });
    report.goal(Goal {
        what: format!("broadcast to {name}: cores"),
        found: gateway.server.publish_phase_cores,
        bound: Bound::AtMost(GOAL_CORES),
        unit: "",
    });
}

fn lagging(report: &mut Report, gateway: &Found) {
    report.goal(Goal {
        what: "readers that lag: deliveries a CPU second".to_owned(),
        found: gateway.server.deliveries_per_cpu_sec / 1e3,
        bound: Bound::AtLeast(GOAL_LAGGING_THOUSANDS),
        unit: " k",
    });
    report.goal(Goal {
        what: "readers that lag: events a read".to_owned(),
        found: gateway.delivery.deliveries_per_read,
        bound: Bound::AtLeast(GOAL_EVENTS),
        unit: "",
    });
}
