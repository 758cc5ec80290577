//! A message: how long it takes from its `POST` to the frame at a reader of another instance, and where that time goes; and
//! how many an api on one core accepts with PostgreSQL on another.

mod crowd;
mod disk;
mod hops;
mod latency;
mod statements;
mod throughput;

use avvivo_local_servers::{Durability, free_port};

use crate::{
    platform::{PROJECT, Platform},
    progress,
    report::Report,
    service::{Kind, Service},
    tool::Cores,
};
use crowd::Crowd;

pub(crate) async fn run() -> anyhow::Result<Report> {
    progress("messages: 400 clients of 50 shops, PostgreSQL on the disk …");
    let platform = Platform::start(Durability::Durable).await?;
    let crowd = Crowd::gather(&platform).await?;
    let mut report = Report::new("messages", "Messages");
    latency::measure(&platform, &crowd, &mut report).await?;
    throughput::measure(&platform, &crowd, &mut report).await?;
    Ok(report)
}

/// What carries events between processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bus {
    PubSub,
    Redis,
}

impl Bus {
    const EACH: [Self; 2] = [Self::PubSub, Self::Redis];

    /// What the tables call it.
    fn name(self) -> &'static str {
        match self {
            Self::PubSub => "gcp-local",
            Self::Redis => "Redis",
        }
    }

    fn setting(self) -> (&'static str, String) {
        let word = match self {
            Self::PubSub => "pubsub",
            Self::Redis => "redis",
        };
        ("CHAT_REALTIME_BUS", word.to_owned())
    }
}

/// An api that counts requests and limits nobody, and the port of its internal server.
fn start_api(platform: &Platform, bus: Bus, cores: Cores) -> anyhow::Result<(Service, u16)> {
    let internal = free_port()?;
    let gateway = format!("{}@{PROJECT}.iam.gserviceaccount.com", Kind::Gateway.name());
    let told = [
        ("INTERNAL_GRPC_PORT", internal.to_string()),
        ("INTERNAL_CALLERS", gateway),
        ("RATE_LIMIT_MAX", "1000000".to_owned()),
        ("CHAT_RATE_LIMIT_MAX", "1000000".to_owned()),
        bus.setting(),
    ];
    Ok((platform.service(Kind::Api, &told, cores)?, internal))
}
