//! What was committed, as the database has it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
};

use avvivo_contracts::events::v1::{Event, event::Payload};
use prost::Message as _;
use sqlx::PgPool;
use uuid::Uuid;

use super::people::{Cast, Side};

/// What an event told.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fact {
    Message { id: Uuid, conversation: Uuid },
    Read { conversation: Uuid, read_to: u64 },
    Other,
}

/// A stretch of what an audience was told.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    /// The number before the first.
    base: u64,
    facts: Vec<Fact>,
}

impl Told {
    pub(super) fn of(base: u64, facts: Vec<Fact>) -> Self {
        Self { base, facts }
    }

    pub(super) fn head(&self) -> u64 {
        self.base + u64::try_from(self.facts.len()).unwrap()
    }

    /// The event of a number; nothing, for one that is not in the stretch.
    pub(super) fn fact(&self, number: u64) -> Option<&Fact> {
        let index = number.checked_sub(self.base + 1)?;
        self.facts.get(usize::try_from(index).unwrap())
    }

    /// The messages of a conversation, up to a number.
    pub(super) fn messages(&self, conversation: Uuid, up_to: u64) -> Vec<Uuid> {
        let facts = self.facts.iter().zip(self.base + 1..=up_to);
        let ids = facts.filter_map(|(fact, _)| match fact {
            Fact::Message {
                id,
                conversation: of,
            } if *of == conversation => Some(*id),
            _ => None,
        });
        ids.collect()
    }
}

/// A message as it was stored.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) id: Uuid,
    pub(super) content: String,
}

/// What was committed after some point.
#[derive(Debug, Default)]
pub(super) struct Truth {
    pub(super) told: BTreeMap<String, Told>,
    pub(super) talks: BTreeMap<Uuid, Vec<Stored>>,
    /// What contradicts itself.
    pub(super) faults: Vec<String>,
}

impl Truth {
    /// Everything since `earlier` was read.
    pub(super) async fn since(earlier: &Bases, pool: &PgPool, cast: &Cast) -> Self {
        let mut truth = Self::default();
        for person in &cast.people {
            truth.read_audience(pool, &person.audience, earlier).await;
        }
        for talk in &cast.conversations {
            let after = earlier.talks.get(&talk.id).copied().unwrap_or_default();
            truth.read_talk(pool, talk.id, after).await;
        }
        truth.compare(cast);
        truth
    }

    /// How far an audience is. Nobody publishes reels here, so the feed stays where it began.
    pub(super) fn head(&self, audience: &str) -> u64 {
        self.told.get(audience).map(Told::head).unwrap_or_default()
    }

    async fn read_audience(&mut self, pool: &PgPool, audience: &str, earlier: &Bases) {
        let base = earlier.audiences.get(audience).copied().unwrap_or_default();
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT sequence, event FROM audience_events WHERE audience = $1 AND sequence > $2 ORDER BY sequence",
        )
        .bind(audience)
        .bind(i64::try_from(base).unwrap())
        .fetch_all(pool)
        .await
        .unwrap();
        let numbers: Vec<i64> = rows.iter().map(|(number, _)| *number).collect();
        self.expect_counted(audience, base, &numbers);
        let facts = rows.iter().map(|(_, event)| fact(event)).collect();
        let told = Told::of(base, facts);
        let last: Option<i64> =
            sqlx::query_scalar("SELECT last FROM audience_sequences WHERE audience = $1")
                .bind(audience)
                .fetch_optional(pool)
                .await
                .unwrap();
        let last = last.unwrap_or_default().unsigned_abs();
        self.expect_same(&format!("the head of {audience}"), &last, &told.head());
        self.told.insert(audience.to_owned(), told);
    }

    async fn read_talk(&mut self, pool: &PgPool, talk: Uuid, after: usize) {
        let base = u64::try_from(after).unwrap();
        let rows: Vec<(i64, Uuid, String)> = sqlx::query_as(
            "SELECT sequence, id, content FROM chat_messages WHERE conversation_id = $1 AND sequence > $2 ORDER BY sequence",
        )
        .bind(talk)
        .bind(i64::try_from(base).unwrap())
        .fetch_all(pool)
        .await
        .unwrap();
        let numbers: Vec<i64> = rows.iter().map(|(number, ..)| *number).collect();
        self.expect_counted(&format!("conversation {talk}"), base, &numbers);
        let stored = rows.into_iter();
        let stored = stored.map(|(_, id, content)| Stored { id, content });
        self.talks.insert(talk, stored.collect());
    }

    /// Both who talk were told of every message, in its order.
    fn compare(&mut self, cast: &Cast) {
        for talk in &cast.conversations {
            let stored: Vec<Uuid> = self.talks[&talk.id].iter().map(|said| said.id).collect();
            for side in [Side::Client, Side::Shop] {
                let audience = &cast.who(talk, side).audience;
                let told = self.told[audience].messages(talk.id, u64::MAX);
                self.expect_same(
                    &format!("what {audience} is told of {}", talk.id),
                    &stored,
                    &told,
                );
            }
        }
        let ids = self.talks.values().flatten().map(|said| said.id);
        let different: BTreeSet<Uuid> = ids.clone().collect();
        self.expect_same("messages and their ids", &ids.count(), &different.len());
    }

    fn expect_counted(&mut self, what: &str, base: u64, numbers: &[i64]) {
        let counted = numbers.iter().zip(base + 1..);
        for (number, expected) in counted {
            if number.unsigned_abs() != expected {
                self.faults
                    .push(format!("{what}: {number} instead of {expected}"));
                return;
            }
        }
    }

    fn expect_same<T: Debug + PartialEq>(&mut self, what: &str, one: &T, other: &T) {
        if one != other {
            self.faults
                .push(format!("{what}: {one:?} is not {other:?}"));
        }
    }
}

fn fact(event: &[u8]) -> Fact {
    let event = Event::decode(event).unwrap();
    match event.payload {
        Some(Payload::ChatMessageSent(sent)) => {
            let message = sent.message.unwrap();
            Fact::Message {
                id: message.id.parse().unwrap(),
                conversation: message.conversation_id.parse().unwrap(),
            }
        }
        Some(Payload::ChatRead(read)) => Fact::Read {
            conversation: read.conversation_id.parse().unwrap(),
            read_to: read.read_to,
        },
        _ => Fact::Other,
    }
}

/// How far everything was when it was last read.
#[derive(Debug, Default)]
pub(super) struct Bases {
    audiences: BTreeMap<String, u64>,
    talks: BTreeMap<Uuid, usize>,
}

impl Bases {
    /// What has been judged need not be read again.
    pub(super) fn advance(&mut self, truth: &Truth) {
        for (audience, told) in &truth.told {
            self.audiences.insert(audience.clone(), told.head());
        }
        for (talk, stored) in &truth.talks {
            *self.talks.entry(*talk).or_default() += stored.len();
        }
    }

    /// How many messages of a conversation have been judged.
    pub(super) fn of(&self, talk: Uuid) -> usize {
        self.talks.get(&talk).copied().unwrap_or_default()
    }
}
