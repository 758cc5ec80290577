//! The load generator: what it is told, and what it found.

use anyhow::Context as _;
use serde::Deserialize;

use super::stage::{Server, Stage, Who};
use crate::tool::{self, Cores};

/// What it does.
#[derive(Debug, Clone)]
pub(super) struct Load {
    pub(super) readers: u32,
    /// Readers and events are dealt to so many topics in turn.
    pub(super) topics: u32,
    /// In all.
    pub(super) events: u32,
    /// A second. None: the next when the last was taken.
    pub(super) rate: Option<u32>,
    /// Of one event.
    pub(super) bytes: u32,
    /// Before the first event.
    pub(super) idle_seconds: u32,
    /// What a reader asks the gateway for, where that is more than its topic. The floor has one topic a reader.
    pub(super) asks_for: &'static str,
    /// Further flags.
    pub(super) more: Vec<String>,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            readers: 1_000,
            topics: 1,
            events: 0,
            rate: None,
            bytes: 200,
            idle_seconds: 1,
            asks_for: "{channel}",
            more: Vec::new(),
        }
    }
}

impl Load {
    /// Loads a server. An error when somebody could not connect, or an event was not taken.
    pub(super) async fn on(&self, stage: &Stage, server: &Server) -> anyhow::Result<Found> {
        let args = self.args(server);
        let said = tool::run(&stage.tools.load, args, Cores::Both, &[]).await?;
        let found: Found =
            serde_json::from_str(&said).context("the load generator's report is unreadable")?;
        let who = server.who.name();
        anyhow::ensure!(
            found.connect.failed == 0.0 && found.publish.failed == 0.0,
            "{who}: {} readers got no stream ({}), {} events were not taken ({})",
            found.connect.failed,
            found.connect.first_error.as_deref().unwrap_or("no reason"),
            found.publish.failed,
            found.publish.first_error.as_deref().unwrap_or("no reason"),
        );
        Ok(found)
    }

    fn args(&self, server: &Server) -> Vec<String> {
        let origin = format!("http://127.0.0.1:{}", server.port);
        let subscribe = match server.who {
            Who::Floor => format!("{origin}/{{channel}}"),
            Who::Gateway => format!("{origin}/realtime/stream?topics={}", self.asks_for),
        };
        let publish = format!("http://127.0.0.1:{}/{{channel}}", server.writers);
        let pairs = [
            ("--subscribers", self.readers.to_string()),
            ("--channels", self.topics.to_string()),
            ("--messages", self.events.to_string()),
            ("--rate", self.rate.unwrap_or_default().to_string()),
            ("--size", self.bytes.to_string()),
            ("--idle-secs", self.idle_seconds.to_string()),
            ("--subscribe-url", subscribe),
            ("--publish-url", publish),
            ("--pids", server.id.to_string()),
            ("--json", "-".to_owned()),
        ];
        let mut args: Vec<String> = pairs
            .into_iter()
            .flat_map(|(flag, value)| [flag.to_owned(), value])
            .collect();
        if server.who == Who::Gateway {
            let token = "Authorization: Bearer reader-{i}";
            args.extend(["--sub-header", token].map(str::to_owned));
        }
        args.extend(self.more.iter().cloned());
        args
    }
}

/// What it found, as far as anything here is about it. Times of many are in milliseconds.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Found {
    pub(super) connect: Connect,
    pub(super) idle: Idle,
    pub(super) publish: Publish,
    pub(super) delivery: Delivery,
    pub(super) storm: Option<Storm>,
    pub(super) server: Usage,
    pub(super) host: Host,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Connect {
    failed: f64,
    first_error: Option<String>,
    pub(super) per_sec: f64,
    /// The server's, for each.
    #[serde(rename = "server_cpu_us_per_connect")]
    pub(super) cpu_us: f64,
    /// Of both ends.
    pub(super) kernel_slab_kib_per_connection: f64,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Idle {
    pub(super) server_cpu_percent: f64,
    pub(super) server_kib_per_connection: f64,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Publish {
    failed: f64,
    first_error: Option<String>,
    pub(super) reply_ms: Times,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Delivery {
    lost: f64,
    duplicates: f64,
    out_of_order: f64,
    pub(super) delivered: f64,
    pub(super) per_sec: f64,
    pub(super) deliveries_per_read: f64,
    /// Since the event was posted.
    pub(super) latency_ms: Times,
    /// Since it should have been posted.
    pub(super) latency_from_schedule_ms: Times,
    pub(super) stalled_closed_by_server: f64,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Times {
    pub(super) p50: f64,
    pub(super) p99: f64,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Storm {
    pub(super) dropped: f64,
    pub(super) not_back: f64,
    pub(super) all_back_secs: f64,
    pub(super) reconnects_per_sec: f64,
    pub(super) replayed: f64,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Usage {
    idle: Memory,
    peak_pss_kib: f64,
    pub(super) publish_phase_cpu_secs: f64,
    pub(super) publish_phase_cores: f64,
    pub(super) cpu_us_per_delivery: f64,
    pub(super) user_us_per_delivery: f64,
    pub(super) deliveries_per_cpu_sec: f64,
}

#[derive(Debug, Clone, Deserialize)]
struct Memory {
    pss_kib: f64,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Host {
    /// CPU that neither the server nor the load generator used.
    pub(super) other_cores: f64,
}

impl Found {
    /// Events that were lost, came twice or out of order.
    pub(super) fn wrong(&self) -> f64 {
        let delivery = &self.delivery;
        delivery.lost + delivery.duplicates + delivery.out_of_order
    }

    /// The same, each.
    pub(super) fn wrongs(&self) -> String {
        let delivery = &self.delivery;
        let [lost, twice, order] = [delivery.lost, delivery.duplicates, delivery.out_of_order];
        format!("{lost} / {twice} / {order}")
    }

    /// How much memory the server took while events went out, at most, in KiB.
    pub(super) fn growth_kib(&self) -> f64 {
        (self.server.peak_pss_kib - self.server.idle.pss_kib).max(0.0)
    }
}
