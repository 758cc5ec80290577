//! Who is there, and how many watch: over all instances, at most once a second, and without anything for each who comes or
//! goes.
//!
//! Once a second an instance writes down how many hear each audience whose readers have changed here, and reads the sums of
//! what somebody here wants to know. Where nothing changes, nothing is looked at. Without Redis, what is here is all there is.

use std::{collections::HashMap, sync::Arc, time::Duration};

use avvivo_contracts::audience;
use avvivo_kernel::{Clock, time::to_wire};
use avvivo_redis::{GatewayCounts, Redis, RedisError};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::{hub::Hub, pace::Pace, states::Change, topic::Topic};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// Looks after which an instance says again that it is there, and what is open for the status page.
const REPORT_EVERY: u64 = 10;
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
    /// Audiences whose readers want to know a count, and what they were told.
    wanted: HashMap<Arc<str>, Wanted>,
    /// Where among them the next look begins.
    turn: usize,
}

struct Wanted {
    topic: Arc<Topic>,
    told: Option<u64>,
}

impl Presence {
    /// Looks until `quit`, then takes its leave.
    pub(crate) async fn run(self, quit: CancellationToken) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut memory = Memory::default();
        while quit.run_until_cancelled(ticks.tick()).await.is_some() {
            let stirred = self.hub.take_stirred();
            if let Err(error) = self.look(&stirred, &mut memory).await {
                tracing::debug!(%error, "who is there is not known just now");
                // Nothing of it is taken for said, and that we are there is said as soon as it can be.
                self.hub.stir(stirred.iter());
                memory.looks = 0;
            }
        }
        if let Some(redis) = &self.redis {
            if let Err(error) = redis.forget_gateway(&self.instance).await {
                tracing::debug!(%error, "what was said is left to run out");
            }
            redis.close().await;
        }
    }

    /// Looks at audiences whose readers have come or gone, and tells what has changed anywhere.
    async fn look(&self, stirred: &[Arc<Topic>], memory: &mut Memory) -> Result<(), RedisError> {
        if let Some(redis) = &self.redis {
            if memory.looks.is_multiple_of(REPORT_EVERY) {
                self.report(redis).await?;
            }
            self.say(redis, stirred).await?;
        }
        memory.looks += 1;
        // Whoever has just gone may be back in a moment.
        let just_left = stirred.iter().filter(|topic| self.was_just_left(topic));
        self.hub.stir(just_left);

        memory.note(stirred);
        let wanted = memory.next();
        let audiences: Vec<&str> = wanted
            .iter()
            .map(|topic| audience::counted_for(topic.name()))
            .collect();
        let counts = match &self.redis {
            Some(redis) => redis.counts(&audiences).await?,
            None => audiences.iter().map(|name| self.counted(name)).collect(),
        };
        for (topic, count) in wanted.iter().zip(counts) {
            let told = memory.wanted.get_mut(topic.name());
            let before = told.and_then(|wanted| wanted.told.replace(count));
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

    /// Says that this instance is there, and what is open here. Where what was said before is forgotten, all of it has to be
    /// said again.
    async fn report(&self, redis: &Redis) -> Result<(), RedisError> {
        let open = self.hub.counts();
        let counts = GatewayCounts {
            connections: wide(open.connections),
            channels: wide(open.channels),
        };
        redis
            .report_gateway(&self.instance, counts, self.clock.now())
            .await?;
        if !redis.keep_counts(&self.instance).await? {
            let topics = self.hub.topics();
            for topic in &topics {
                topic.say(0);
            }
            self.hub.stir(topics.iter());
        }
        Ok(())
    }

    /// Says how many there are, where that has changed.
    async fn say(&self, redis: &Redis, stirred: &[Arc<Topic>]) -> Result<(), RedisError> {
        let counted = stirred
            .iter()
            .filter(|topic| audience::is_counted(topic.name()));
        let news: Vec<(&Arc<Topic>, u32)> = counted
            .map(|topic| (topic, self.here(topic)))
            .filter(|(topic, count)| topic.said() != *count)
            .collect();
        let named: Vec<(&str, u32)> = news
            .iter()
            .map(|(topic, count)| (&**topic.name(), *count))
            .collect();
        redis.report_counts(&self.instance, &named).await?;
        for (topic, count) in news {
            topic.say(count);
        }
        Ok(())
    }

    /// Without other instances.
    fn counted(&self, audience: &str) -> u64 {
        let topic = self.hub.topic(audience);
        topic.map_or(0, |topic| self.here(&topic)).into()
    }

    /// How many hear an audience here. Whoever lost a connection is back in a moment, and was never away.
    fn here(&self, topic: &Topic) -> u32 {
        let (seated, idle) = topic.attendance(self.pace.now());
        seated + u32::from(is_just_left(seated, idle))
    }

    fn was_just_left(&self, topic: &Topic) -> bool {
        let (seated, idle) = topic.attendance(self.pace.now());
        is_just_left(seated, idle)
    }

    /// How it is now, as it is told.
    fn change(&self, topic: &str, count: u64) -> Change {
        let at = to_wire(self.clock.now());
        if audience::class(topic) == audience::PRESENCE_CLASS {
            let view =
                json!({"channel": audience::counted_for(topic), "online": count > 0, "at": at});
            return state("presence", &view);
        }
        let live = topic.split_once(':').map_or(topic, |(_, id)| id);
        state(
            "live:viewers",
            &json!({"liveId": live, "viewers": count, "at": at}),
        )
    }
}

fn is_just_left(seated: u32, idle: Duration) -> bool {
    seated == 0 && idle < GONE_AFTER
}

fn state(name: &'static str, view: &Value) -> Change {
    Change {
        of: name.to_owned(),
        name,
        bytes: Bytes::from(format!("event: {name}\ndata: {view}\n\n")),
        holds: None,
    }
}

impl Memory {
    /// Takes note of those who want to know something, and of those who no longer do.
    fn note(&mut self, stirred: &[Arc<Topic>]) {
        self.wanted.retain(|_, wanted| wanted.topic.seated() > 0);
        for topic in stirred {
            if audience::tells_count(topic.name()) && topic.seated() > 0 {
                let wanted = || Wanted {
                    topic: Arc::clone(topic),
                    told: None,
                };
                self.wanted
                    .entry(Arc::clone(topic.name()))
                    .or_insert_with(wanted);
            }
        }
    }

    /// The audiences whose counts are told now, as many as one look takes.
    fn next(&mut self) -> Vec<Arc<Topic>> {
        let wanted = self.wanted.values();
        let mut topics: Vec<_> = wanted.map(|wanted| Arc::clone(&wanted.topic)).collect();
        if topics.len() > SUMS {
            let turn = self.turn % topics.len();
            topics.rotate_left(turn);
            topics.truncate(SUMS);
            self.turn = turn + SUMS;
        }
        topics
    }
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
