//! Who is there, and how many watch: over all instances, at most once a second, and without anything for each who comes or
//! goes.
//!
//! Once a second an instance writes down how many hear each audience whose readers have changed here, and reads the sums of
//! what somebody here wants to know. Where nothing changes, nothing is looked at. Without Redis, what is here is all there is.

use std::{collections::HashMap, sync::Arc, time::Duration};

use avvivo_contracts::audience::Audience;
use avvivo_kernel::{Clock, time::to_wire};
use avvivo_redis::{GatewayCounts, Redis, RedisError};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::{
    hub::Hub,
    pace::Pace,
    states::Change,
    topic::{Topic, TopicRef},
};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// Looks after which an instance says again that it is there, and what is open for the status page.
const REPORT_EVERY: u64 = 10;
/// How long nobody may hear a channel before its owner counts as gone.
const GONE_AFTER: Duration = Duration::from_secs(5);
/// Sums that are read in one look. Of more each is read less often.
const SUMS: usize = 1_000;
/// Audiences whose readers have changed are looked at so many at once, and so many in one look: when everybody comes back, a
/// look need not have all of them in memory, nor take for ever.
const AT_ONCE: usize = 1_000;
const MOST_STIRRED: usize = 100_000;

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
    wanted: HashMap<Audience, Wanted>,
    /// Where among them the next look begins.
    turn: usize,
}

struct Wanted {
    topic: TopicRef,
    told: Option<u64>,
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
                // That we are there is said as soon as it can be.
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
    async fn look(&self, memory: &mut Memory) -> Result<(), RedisError> {
        if let Some(redis) = &self.redis
            && memory.looks.is_multiple_of(REPORT_EVERY)
        {
            self.report(redis).await?;
        }
        memory.looks += 1;
        let mut just_left = Vec::new();
        for _ in 0..MOST_STIRRED / AT_ONCE {
            let stirred = self.hub.take_stirred(AT_ONCE);
            if stirred.is_empty() {
                break;
            }
            if let Some(redis) = &self.redis
                && let Err(error) = self.say(redis, &stirred).await
            {
                // Nothing of it is taken for said.
                self.hub.stir(stirred.iter().chain(&just_left));
                return Err(error);
            }
            memory.note(&stirred);
            let left = stirred.iter().filter(|topic| self.was_just_left(topic));
            just_left.extend(left.cloned());
        }
        // Whoever has just gone may be back in a moment.
        self.hub.stir(just_left.iter());
        self.tell(memory).await
    }

    /// Tells what has changed to those who want to know it.
    async fn tell(&self, memory: &mut Memory) -> Result<(), RedisError> {
        let wanted = memory.next();
        let audiences: Vec<Audience> = wanted
            .iter()
            .map(|topic| topic.name())
            .map(|name| name.tells_of().unwrap_or(name))
            .collect();
        let counts = match &self.redis {
            Some(redis) => redis.counts(&spelled(&audiences)).await?,
            None => audiences.iter().map(|name| self.counted(*name)).collect(),
        };
        for (topic, count) in wanted.iter().zip(counts) {
            let told = memory.wanted.get_mut(&topic.name());
            let before = told.and_then(|wanted| wanted.told.replace(count));
            let is_news = match topic.name() {
                Audience::Live(_) => before != Some(count),
                _ => before.map(|count| count > 0) != Some(count > 0),
            };
            if is_news && let Some(change) = self.change(topic.name(), count) {
                self.hub.set_state(topic, change);
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
    async fn say(&self, redis: &Redis, stirred: &[TopicRef]) -> Result<(), RedisError> {
        let counted = stirred.iter().filter(|topic| topic.name().is_counted());
        let news: Vec<(&TopicRef, u32)> = counted
            .map(|topic| (topic, self.here(topic)))
            .filter(|(topic, count)| topic.said() != *count)
            .collect();
        let named: Vec<(String, u32)> = news
            .iter()
            .map(|(topic, count)| (topic.name().to_string(), *count))
            .collect();
        redis.report_counts(&self.instance, &named).await?;
        for (topic, count) in news {
            topic.say(count);
        }
        Ok(())
    }

    /// Without other instances.
    fn counted(&self, audience: Audience) -> u64 {
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
    fn change(&self, topic: Audience, count: u64) -> Option<Change> {
        let at = to_wire(self.clock.now());
        let change = if let Audience::Live(live) = topic {
            state(
                "live:viewers",
                &json!({"liveId": live, "viewers": count, "at": at}),
            )
        } else {
            let channel = topic.tells_of()?.to_string();
            let view = json!({"channel": channel, "online": count > 0, "at": at});
            state("presence", &view)
        };
        Some(change)
    }
}

fn spelled(audiences: &[Audience]) -> Vec<String> {
    audiences.iter().map(ToString::to_string).collect()
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
    /// Takes note of those who want to know something.
    fn note(&mut self, stirred: &[TopicRef]) {
        let telling = |topic: &&TopicRef| topic.name().tells_of().is_some() && topic.seated() > 0;
        for topic in stirred.iter().filter(telling) {
            let wanted = || Wanted {
                topic: TopicRef::clone(topic),
                told: None,
            };
            self.wanted.entry(topic.name()).or_insert_with(wanted);
        }
    }

    /// The audiences whose counts are told now, as many as one look takes. Those that nobody wants to know any more are
    /// forgotten.
    fn next(&mut self) -> Vec<TopicRef> {
        self.wanted.retain(|_, wanted| wanted.topic.seated() > 0);
        let wanted = self.wanted.values();
        let mut topics: Vec<_> = wanted
            .map(|wanted| TopicRef::clone(&wanted.topic))
            .collect();
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
