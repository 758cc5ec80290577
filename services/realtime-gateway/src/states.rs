//! States of an audience: who is typing, who is there, how many watch. Only the latest of each matters, and only for as long
//! as it holds, so they have no numbers, are not kept by the api, and nobody fetches them: whoever sits down is told how
//! things are, and whoever is behind is told once. Pure.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

/// States of one audience. A hundred people typing to one shop at once is a good evening; of more, the first are forgotten.
const MOST: usize = 128;

/// The latest of each.
#[derive(Debug, Default)]
pub(crate) struct States {
    /// Counts changes, from one. No process lives for four thousand million of them in one audience.
    version: u32,
    each: Vec<State>,
}

/// A state, as it is told.
#[derive(Debug, Clone)]
pub(crate) struct State {
    /// The change that made it so.
    pub(crate) version: u32,
    /// The event's name.
    pub(crate) name: &'static str,
    /// Its frame.
    pub(crate) bytes: Bytes,
    of: Box<str>,
    until: Option<Instant>,
}

/// A change of state.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// What it is the state of.
    pub(crate) of: String,
    pub(crate) name: &'static str,
    pub(crate) bytes: Bytes,
    /// How long it holds; for good, unless it says.
    pub(crate) holds: Option<Duration>,
}

impl States {
    /// Takes a change in. Answers its version.
    pub(crate) fn set(&mut self, change: Change, now: Instant) -> u32 {
        self.version += 1;
        self.each
            .retain(|state| state.holds(now) && *state.of != *change.of);
        if self.each.len() >= MOST {
            self.each.remove(0);
        }
        self.each.push(State {
            version: self.version,
            name: change.name,
            bytes: change.bytes,
            of: change.of.into(),
            until: change.holds.map(|holds| now + holds),
        });
        self.version
    }

    /// What has changed since a version and still holds, oldest first.
    pub(crate) fn since(&self, version: u32, now: Instant) -> Vec<State> {
        self.each
            .iter()
            .filter(|state| state.version > version && state.holds(now))
            .cloned()
            .collect()
    }
}

impl State {
    fn holds(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(of: &str, bytes: &'static str, holds: Option<u64>) -> Change {
        Change {
            of: of.to_owned(),
            name: "test",
            bytes: Bytes::from_static(bytes.as_bytes()),
            holds: holds.map(Duration::from_secs),
        }
    }

    fn told(states: &States, since: u32, now: Instant) -> Vec<Bytes> {
        let told = states.since(since, now);
        told.into_iter().map(|state| state.bytes).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_latest_of_each_is_told_and_only_while_it_holds() {
        let (mut states, now) = (States::default(), Instant::now());
        states.set(change("viewers", "1", None), now);
        states.set(change("ana", "types", Some(6)), now);
        let version = states.set(change("viewers", "2", None), now);
        assert_eq!(told(&states, 0, now), ["types", "2"]);
        assert_eq!(told(&states, version - 1, now), ["2"]);
        assert!(told(&states, version, now).is_empty());
        let later = now + Duration::from_secs(6);
        assert_eq!(told(&states, 0, later), ["2"]);
        states.set(change("bea", "types", Some(6)), later);
        assert_eq!(states.each.len(), 2, "what no longer holds is forgotten");
    }

    #[tokio::test(start_paused = true)]
    async fn they_are_bounded() {
        let (mut states, now) = (States::default(), Instant::now());
        for who in 0..1_000 {
            states.set(change(&who.to_string(), "types", Some(6)), now);
        }
        assert_eq!(states.since(0, now).len(), MOST);
    }
}
