//! People who go on reading and writing whatever happens, and remember what they were answered.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use avvivo_testkit::{Seen, wait_for};
use http::Method;
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::host::Host;
use crate::support::{PATIENCE, people::Person};

/// `200`, or status and code of a problem: `503 database.unavailable`; and how often.
type Answers = BTreeMap<String, usize>;

/// Requests, one after the other in each of a few tasks.
pub(crate) struct Load {
    answers: Arc<Mutex<Answers>>,
    stop: CancellationToken,
    people: JoinSet<()>,
}

impl Load {
    /// Starts readers of a list that is read from the database, readers of one that is cached, and writers.
    pub(crate) fn start(host: &Host, reel: Uuid) -> Self {
        let mut load = Self {
            answers: Arc::default(),
            stop: CancellationToken::new(),
            people: JoinSet::new(),
        };
        let own_list = format!("/reels/shop/{}", host.shop.id);
        let view = format!("/reels/{reel}/view");
        load.join(host.shop.owner.clone(), Method::GET, own_list.clone());
        load.join(host.shop.owner.clone(), Method::GET, own_list);
        load.join(Person::anybody(&host.url), Method::GET, "/reels".to_owned());
        load.join(host.client.clone(), Method::POST, view.clone());
        load.join(host.client.clone(), Method::POST, view);
        load
    }

    fn join(&mut self, person: Person, method: Method, path: String) {
        let (answers, stop) = (Arc::clone(&self.answers), self.stop.clone());
        self.people.spawn(async move {
            while !stop.is_cancelled() {
                let body = (method == Method::POST).then(|| json!({}));
                let answer = person.ask(method.clone(), &path, body.as_ref(), None).await;
                let word = match answer {
                    Ok(answer) if answer.status == 200 => "200".to_owned(),
                    Ok(answer) => {
                        let code = answer.body["code"].as_str().unwrap_or("without a code");
                        format!("{} {code}", answer.status.as_u16())
                    }
                    Err(error) => format!("no answer: {error}"),
                };
                *answers.lock().unwrap().entry(word).or_default() += 1;
            }
        });
    }

    /// Waits until people are served, some more than until now.
    pub(crate) async fn is_served(&self) {
        self.sees_more(|answer| answer == "200", 50).await;
    }

    /// Waits until people are refused, some more than until now.
    pub(crate) async fn is_refused(&self) {
        self.sees_more(|answer| answer.starts_with("503"), 3).await;
    }

    async fn sees_more(&self, counts: impl Fn(&str) -> bool, more: usize) {
        let count = || -> usize {
            let answers = self.answers.lock().unwrap();
            let counted = answers.iter().filter(|(answer, _)| counts(answer));
            counted.map(|(_, times)| times).sum()
        };
        let before = count();
        wait_for("more answers", PATIENCE, async || {
            if count() >= before + more {
                Seen::Done(())
            } else {
                Seen::NotYet(self.answers.lock().unwrap().clone())
            }
        })
        .await;
    }

    /// Ends the load, and answers what people were answered.
    pub(crate) async fn stop(mut self) -> Answers {
        self.stop.cancel();
        while let Some(ended) = self.people.join_next().await {
            ended.unwrap();
        }
        self.answers.lock().unwrap().clone()
    }
}
