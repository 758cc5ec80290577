//! Who is there, and how many watch: over all instances, at most once a second, and without anything for each who comes or
//! goes.
//!
//! Once a second an instance writes down how many hear each audience that has changed here, and says again what has not for a
//! while; and reads the sums of what somebody here wants to know. Without Redis, what is here is all there is.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use avvivo_contracts::audience;
use avvivo_kernel::{Clock, time::to_wire};
use avvivo_redis::{COUNT_HOLDS, GatewayCounts, Redis, RedisError};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::{hub::Hub, pace::Pace, states::Change, topic::Topic};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// Looks after which what is open here is said for the status page.
const STATUS_EVERY: u64 = 10;
/// After which a count is said again that has not changed: twice while it holds.
const AGAIN_AFTER: Duration = Duration::from_secs(COUNT_HOLDS.num_seconds().unsigned_abs() / 2 - 2);
/// How long nobody may hear a channel before its owner counts as gone.
const GONE_AFTER: Duration = Duration::from_secs(5);
/// Sums that are read in one look. Of more each is read less often.
const SUMS: usize = 1_000;

/// Counts, and tells the counts.
pub(crate) struct Presence {
    pub(crate) redis: Option<Redis>,
    /// Names this process among the gateways.
    pub(crate) instance: String,
    pub(crate) hub: Arc<Hub>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pace: Pace,
}

/// What was told last. What was said, the topics remember.
#[derive(Default)]
struct Memory {
    looks: u64,
    /// What those who want to know were told.
    told: HashMap<Arc<str>, u64>,
    /// Where among them the next look begins.
    turn: usize,
}

impl Presence {
    /// Looks until `quit`, then takes its leave.
    pub(crate) async fn run(self, quit: CancellationToken) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut memory = Memory::default();
        while quit.run_until_cancelled(ticks.tick()).await.is_some() {
            if let Err(error) = self.look(&mut memory).await {
                tracing::debug!(%error, "who is there is not known just now");
            }
        }
        if let Some(redis) = &self.redis {
            if let Err(error) = self.take_leave(redis).await {
                tracing::debug!(%error, "what was said is left to run out");
            }
            redis.close().await;
        }
    }

    async fn look(&self, memory: &mut Memory) -> Result<(), RedisError> {
        let topics = self.hub.topics();
        if let Some(redis) = &self.redis {
            if memory.looks.is_multiple_of(STATUS_EVERY) {
                self.report(redis).await?;
            }
            memory.looks += 1;
            self.say(redis, self.news(&topics)).await?;
        }
        let wanted = memory.wanted(topics);
        let audiences: Vec<&str> = wanted.iter().map(|topic| counted(topic.name())).collect();
        let counts = match &self.redis {
            Some(redis) => redis.counts(&audiences, self.clock.now()).await?,
            None => audiences
                .iter()
                .map(|audience| {
                    self.hub
                        .topic(audience)
                        .map_or(0, |topic| self.here(&topic))
                        .into()
                })
                .collect(),
        };
        for (topic, count) in wanted.iter().zip(counts) {
            let before = memory.told.insert(Arc::clone(topic.name()), count);
            let is_news = match audience::class(topic.name()) {
                audience::PRESENCE_CLASS => before.map(|count| count > 0) != Some(count > 0),
                _ => before != Some(count),
            };
            if is_news {
                topic.set_state(self.change(topic.name(), count));
            }
        }
        Ok(())
    }

    /// Says what is open here.
    async fn report(&self, redis: &Redis) -> Result<(), RedisError> {
        let open = self.hub.counts();
        let counts = GatewayCounts {
            connections: wide(open.connections),
            channels: wide(open.channels),
        };
        redis
            .report_gateway(&self.instance, counts, self.clock.now())
            .await
    }

    async fn take_leave(&self, redis: &Redis) -> Result<(), RedisError> {
        let mut topics = self.hub.topics();
        topics.retain(|topic| topic.said().0 > 0);
        let gone = topics.iter().map(|topic| (topic, 0)).collect();
        self.say(redis, gone).await?;
        redis.forget_gateway(&self.instance).await
    }

    /// What has to be said of audiences that are counted: channels, by which somebody is there, and live streams.
    fn news<'t>(&self, topics: &'t [Arc<Topic>]) -> Vec<(&'t Arc<Topic>, u32)> {
        let has_to_be_said = |topic: &'t Arc<Topic>| {
            let count = self.here(topic);
            let (said, at) = topic.said();
            let is_old = count > 0 && self.pace.now().since(at) >= AGAIN_AFTER;
            (is_counted(topic) && (count != said || is_old)).then_some((topic, count))
        };
        topics.iter().filter_map(has_to_be_said).collect()
    }

    /// Says how many there are.
    async fn say(&self, redis: &Redis, counts: Vec<(&Arc<Topic>, u32)>) -> Result<(), RedisError> {
        let named: Vec<(&str, u32)> = counts
            .iter()
            .map(|(topic, count)| (&**topic.name(), *count))
            .collect();
        redis
            .report_counts(&self.instance, &named, self.clock.now())
            .await?;
        for (topic, count) in counts {
            topic.say(count, self.pace.now());
        }
        Ok(())
    }

    /// How many hear an audience here. Whoever lost a connection is back in a moment, and was never away.
    fn here(&self, topic: &Topic) -> u32 {
        let (seated, idle) = topic.attendance(self.pace.now());
        let was_just_there = seated == 0 && idle < GONE_AFTER;
        seated + u32::from(was_just_there)
    }

    /// How it is now, as it is told.
    fn change(&self, topic: &str, count: u64) -> Change {
        let at = to_wire(self.clock.now());
        if audience::class(topic) == audience::PRESENCE_CLASS {
            let view = json!({"channel": counted(topic), "online": count > 0, "at": at});
            return state("presence", &view);
        }
        let live = topic.split_once(':').map_or(topic, |(_, id)| id);
        state(
            "live:viewers",
            &json!({"liveId": live, "viewers": count, "at": at}),
        )
    }
}

fn state(name: &'static str, view: &Value) -> Change {
    Change {
        of: name.to_owned(),
        name,
        bytes: Bytes::from(format!("event: {name}\ndata: {view}\n\n")),
        holds: None,
    }
}

/// The audience whose readers a topic is about.
fn counted(topic: &str) -> &str {
    let presence = topic.strip_prefix(audience::PRESENCE_CLASS);
    presence
        .and_then(|rest| rest.strip_prefix(':'))
        .unwrap_or(topic)
}

impl Memory {
    /// The topics of which somebody here wants to know a count, as many as one look takes.
    fn wanted(&mut self, mut topics: Vec<Arc<Topic>>) -> Vec<Arc<Topic>> {
        topics.retain(|topic| {
            let class = audience::class(topic.name());
            [audience::PRESENCE_CLASS, audience::LIVE_CLASS].contains(&class) && topic.seated() > 0
        });
        let names: HashSet<&Arc<str>> = topics.iter().map(|topic| topic.name()).collect();
        self.told.retain(|known, _| names.contains(known));
        if topics.len() > SUMS {
            let turn = self.turn % topics.len();
            topics.rotate_left(turn);
            topics.truncate(SUMS);
            self.turn = turn + SUMS;
        }
        topics
    }
}

/// Channels, by which somebody is there, and live streams.
fn is_counted(topic: &Topic) -> bool {
    let class = audience::class(topic.name());
    ["shop", "client", audience::LIVE_CLASS].contains(&class)
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
