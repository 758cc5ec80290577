//! Many topics with a few readers each, as conversations have them.

use std::time::Duration;

use super::{
    contest::{Pair, alone, deliveries, rows},
    load::Load,
    stage::{Stage, Who},
};
use crate::{
    report::{Bound, Goal, Report},
    usage,
};

const GOAL_P50_MS: f64 = 0.25;
const GOAL_P99_MS: f64 = 1.5;
const GOAL_US: f64 = 25.0;

pub(super) async fn measure(stage: &Stage, report: &mut Report) -> anyhow::Result<f64> {
    let load = Load {
        readers: 10_000,
        topics: 1_000,
        events: 8_000,
        rate: Some(1_000),
        ..Load::default()
    };
    let name = "10,000 readers, 1,000 topics, 1,000/s";
    let floor = alone(stage, Who::Floor, name, &load).await?;
    let before = Writing::now(stage)?;
    let gateway = alone(stage, Who::Gateway, name, &load).await?;
    let writing = Writing::now(stage)?.since(before);
    let pair = Pair {
        wrong: gateway.wrong(),
        floor,
        gateway,
    };
    let mut table = deliveries("Chat-like, 200 bytes");
    rows(&mut table, name, &pair);
    report.table(
        "Each event concerns ten readers. The floor takes the writers' requests itself, in its own CPU time; on the gateway's \
         way stand an HTTP server and Redis, in time but not in its CPU time:",
        &table,
    );
    report.note(writing.told(&pair));
    goals(report, &pair);
    Ok(pair.wrong)
}

fn goals(report: &mut Report, pair: &Pair) {
    let mut goal = |what: &str, found, bound, unit| {
        report.goal(Goal {
            what: format!("chat-like: {what}"),
            found,
            bound: Bound::AtMost(bound),
            unit,
        });
    };
    let gateway = &pair.gateway;
    goal("p50", gateway.delivery.latency_ms.p50, GOAL_P50_MS, " ms");
    goal("p99", gateway.delivery.latency_ms.p99, GOAL_P99_MS, " ms");
    goal(
        "CPU of a delivery",
        gateway.server.cpu_us_per_delivery,
        GOAL_US,
        " µs",
    );
}

/// CPU time of those who bring events to the gateway.
#[derive(Debug, Clone, Copy)]
struct Writing {
    writers: Duration,
    redis: Duration,
}

impl Writing {
    fn now(stage: &Stage) -> anyhow::Result<Self> {
        Ok(Self {
            writers: usage::own_time(std::process::id())?,
            redis: usage::own_time(stage.redis_process())?,
        })
    }

    fn since(self, before: Self) -> Self {
        Self {
            writers: self.writers.saturating_sub(before.writers),
            redis: self.redis.saturating_sub(before.redis),
        }
    }

    fn told(self, pair: &Pair) -> String {
        let Pair { floor, gateway, .. } = pair;
        let each = |cpu: f64| cpu * 1e6 / gateway.delivery.delivered;
        let (writers, redis) = (self.writers.as_secs_f64(), self.redis.as_secs_f64());
        let all = each(gateway.server.publish_phase_cpu_secs + writers + redis);
        format!(
            "Per delivery the stand-in for api and writers took {:.1} µs (opening the streams included) and Redis {:.1} µs: \
             {all:.1} µs with the gateway's, where the floor takes {:.1} µs. Posting was answered after {:.2} ms (p50; floor: \
             {:.2} ms).",
            each(writers),
            each(redis),
            floor.server.cpu_us_per_delivery,
            gateway.publish.reply_ms.p50,
            floor.publish.reply_ms.p50,
        )
    }
}
