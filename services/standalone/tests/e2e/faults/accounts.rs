//! Whether what was committed is what people were answered: every message that an api took, once, and no other; and whether
//! both sides read it so.

use std::collections::BTreeMap;

use avvivo_testkit::{Seen, wait_for};
use reqwest::Method;
use uuid::Uuid;

use super::{
    World,
    people::{Conversation, Side},
    truth::{Bases, Truth},
    writers::Said,
};
use crate::support::PATIENCE;

/// What people said.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    /// What somebody gave up, which may still have been said, or may still be.
    given_up: BTreeMap<String, Said>,
}

impl Accounts {
    /// Compares what was committed since the last time with what was answered. Answers what does not fit.
    pub(super) async fn settle(
        &mut self,
        world: &World,
        truth: &Truth,
        bases: &Bases,
    ) -> Vec<String> {
        let mut faults = Vec::new();
        let mut said: BTreeMap<String, Said> = std::mem::take(&mut self.given_up);
        said.extend(
            world
                .ledger
                .take()
                .into_iter()
                .map(|said| (said.content.clone(), said)),
        );
        for (talk, stored) in &truth.talks {
            for message in stored {
                match said.remove(&message.content) {
                    Some(said)
                        if said.conversation == *talk
                            && said.id.is_none_or(|id| id == message.id) => {}
                    other => faults.push(format!(
                        "{message:?} was stored in {talk}, but {other:?} was said"
                    )),
                }
            }
        }
        let (lost, given_up) = said.into_iter().partition(|(_, said)| said.id.is_some());
        self.given_up = given_up;
        let lost: BTreeMap<String, Said> = lost;
        faults.extend(
            lost.values()
                .map(|said| format!("{said:?} was answered, but is not there")),
        );
        for talk in &world.cast.conversations {
            for (api, side) in [(0, Side::Client), (1, Side::Shop)] {
                faults.extend(read(world, truth, bases, (api, side, talk)).await.err());
            }
        }
        faults
    }
}

/// Reads a conversation page by page, as one side does, as far back as it was not judged before.
async fn read(
    world: &World,
    truth: &Truth,
    bases: &Bases,
    (api, side, talk): (usize, Side, &Conversation),
) -> Result<(), String> {
    let stored: Vec<Uuid> = truth.talks[&talk.id].iter().map(|said| said.id).collect();
    let path = format!(
        "/chat/{}/conversations/{}/messages?limit=100",
        side.word(),
        talk.id
    );
    let reader = world.cast.who(talk, side);
    let (mut pages, mut next): (Vec<Vec<Uuid>>, _) = (Vec::new(), String::new());
    while pages.iter().map(Vec::len).sum::<usize>() < stored.len() {
        let asked = format!("{path}{next}");
        let answer = wait_for("an api that is whole to answer", PATIENCE, async || {
            let asked = (Method::GET, asked.as_str());
            match world.rest.ask(api, reader, asked, None, None).await {
                Some(answer) => Seen::Done(answer),
                None => Seen::NotYet(()),
            }
        })
        .await;
        let cursor = answer
            .header("x-next-cursor")
            .map(|cursor| format!("&cursor={cursor}"));
        let items = answer.ok()["items"].take();
        let ids = items.as_array().unwrap().iter();
        pages.push(
            ids.map(|item| item["id"].as_str().unwrap().parse().unwrap())
                .collect(),
        );
        let Some(cursor) = cursor else { break };
        next = cursor;
    }
    let read: Vec<Uuid> = pages.into_iter().rev().flatten().collect();
    let fresh = &read[read.len().saturating_sub(stored.len())..];
    let whole = bases.of(talk.id) > 0 || read.len() == stored.len();
    if fresh == stored && whole {
        Ok(())
    } else {
        Err(format!(
            "{side:?} reads {fresh:?} in {}, but {stored:?} was stored",
            talk.id
        ))
    }
}
