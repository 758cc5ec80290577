//! From the `POST` of a message through one api to the frame at a reader of a gateway that asks another api.
//!
//! The schedule is kept whatever the answers do, and a message's time begins when it was due: whoever is slow pays for those
//! that wait behind.

use std::time::Duration;

use anyhow::Context as _;
use futures::{Stream, StreamExt as _};
use reqwest::Client;
use serde_json::json;
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};

use super::{
    Bus, Crowd,
    hops::{Counted, Hops},
    start_api,
};
use crate::{
    platform::Platform,
    progress,
    report::{Bound, Goal, Report, Table},
    sample::{Millis, Sample},
    service::{Kind, Service},
    tool::Cores,
};

const RATE: u32 = 500;
const WARM_UP: u32 = 2 * RATE;
const MEASURED: u32 = 20 * RATE;
/// What has not been heard by then is lost.
const LIMIT: Duration = Duration::from_secs(10);
const GOAL_P50_MS: f64 = 10.0;
const GOAL_P99_MS: f64 = 50.0;

pub(super) async fn measure(
    platform: &Platform,
    crowd: &Crowd,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut found = Vec::new();
    for bus in Bus::EACH {
        let name = bus.name();
        progress(format_args!(
            "messages: {RATE} a second through {name}, two apis, two gateways …"
        ));
        found.push((bus, through(platform, crowd, bus).await?));
    }
    tell(report, &found);
    Ok(())
}

/// What was found of one bus.
struct Found {
    times: Sample,
    mean: f64,
    hops: Hops,
}

async fn through(platform: &Platform, crowd: &Crowd, bus: Bus) -> anyhow::Result<Found> {
    let mut instances = Vec::new();
    for _ in 0..2 {
        let (mut api, internal) = start_api(platform, bus, Cores::Both)?;
        api.first_answer("/ready").await?;
        let told = [
            ("API_INTERNAL_URL", format!("http://127.0.0.1:{internal}")),
            bus.setting(),
        ];
        let mut gateway = platform.service(Kind::Gateway, &told, Cores::Both)?;
        gateway.first_answer("/ready").await?;
        instances.push((api, gateway));
    }
    let [(api, _), (_, gateway)] = instances.as_slice() else {
        anyhow::bail!("not two instances");
    };
    // The relays of the round before were killed, and what they had not yet forgotten would be told again.
    platform.sql("DELETE FROM outbox").await?;
    let (heard, mut all_heard) = mpsc::channel(1 << 16);
    // Dropped at the end, and stopped thereby.
    let mut readers = JoinSet::new();
    for owner in &crowd.owners {
        let frames = open(gateway, owner).await?;
        readers.spawn(read(frames, heard.clone()));
    }
    let posts = Posts {
        http: Client::new(),
        api: api.url(),
        crowd,
    };
    // Opens connections, plans statements.
    posts.send(0..WARM_UP).await?;
    let before = Counted::by(api, gateway).await?;
    let due = posts.send(WARM_UP..WARM_UP + MEASURED).await?;
    let times = timeout(LIMIT, arrivals(&mut all_heard, &due))
        .await
        .context("not every message was heard")??;
    let hops = Counted::by(api, gateway).await?.since(&before)?;
    let mean = times.iter().sum::<Duration>().as_secs_f64() / f64::from(MEASURED);
    Ok(Found {
        times: Sample::new(times).context("no messages")?,
        mean,
        hops,
    })
}

/// Whoever posts.
struct Posts<'a> {
    http: Client,
    api: String,
    crowd: &'a Crowd,
}

impl Posts<'_> {
    /// Posts messages with these numbers at their times, and answers when each was due.
    async fn send(&self, numbers: std::ops::Range<u32>) -> anyhow::Result<Vec<(u32, Instant)>> {
        let began = Instant::now();
        let mut under_way = JoinSet::new();
        let mut due = Vec::new();
        for (place, number) in (0_u32..).zip(numbers) {
            let at = began + Duration::from_secs(1) * place / RATE;
            sleep_until(at).await;
            due.push((number, at));
            under_way.spawn(self.post(number)?);
            while let Some(answered) = under_way.try_join_next() {
                answered??;
            }
        }
        while let Some(answered) = under_way.join_next().await {
            answered??;
        }
        Ok(due)
    }

    fn post(
        &self,
        number: u32,
    ) -> anyhow::Result<impl Future<Output = anyhow::Result<()>> + Send + 'static> {
        let turn = usize::try_from(number)? % self.crowd.clients.len();
        let sender = self.crowd.clients.get(turn).context("nobody to send")?;
        let request = self
            .http
            .post(format!("{}{}", self.api, sender.path))
            .bearer_auth(&sender.token)
            .json(&json!({"content": format!("m{number}: ¿tienen talle 44 en negro, por curva?")}));
        Ok(async move {
            let answer = request.send().await?;
            anyhow::ensure!(answer.status().is_success(), "{}", answer.status());
            answer.bytes().await?;
            Ok(())
        })
    }
}

type Frames = std::pin::Pin<Box<dyn Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>;

/// A stream of an owner's own channel, once it has begun.
async fn open(gateway: &Service, token: &str) -> anyhow::Result<Frames> {
    let request = Client::new().get(format!("{}/chat/events/stream", gateway.url()));
    let answer = request.bearer_auth(token).send().await?;
    anyhow::ensure!(answer.status() == 200, "a stream: {}", answer.status());
    let mut frames = Box::pin(answer.bytes_stream());
    frames.next().await.context("a stream ended at once")??;
    Ok(frames)
}

/// Notes when each message was there.
async fn read(mut frames: Frames, heard: mpsc::Sender<(u32, Instant)>) -> anyhow::Result<()> {
    let mut unread = String::new();
    while let Some(bytes) = frames.next().await {
        let now = Instant::now();
        // What cuts a character is no concern here: numbers are not cut apart but by the end of what has come.
        unread.push_str(&String::from_utf8_lossy(&bytes?));
        while let Some((line, rest)) = unread.split_once('\n') {
            if let Some(number) = number_in(line) {
                heard.send((number, now)).await?;
            }
            unread = rest.to_owned();
        }
    }
    anyhow::bail!("a stream ended")
}

/// The number that the message in a line of data begins with.
fn number_in(line: &str) -> Option<u32> {
    let (_, content) = line.split_once("\"content\":\"m")?;
    content.split_once(':')?.0.parse().ok()
}

/// How long each of these took. Others, from before, are passed over.
async fn arrivals(
    heard: &mut mpsc::Receiver<(u32, Instant)>,
    due: &[(u32, Instant)],
) -> anyhow::Result<Vec<Duration>> {
    let first = due.first().context("no messages")?.0;
    let mut times = vec![None; due.len()];
    let mut missing = due.len();
    while missing > 0 {
        let (number, at) = heard.recv().await.context("every stream ended")?;
        let Some(place) = number.checked_sub(first) else {
            continue;
        };
        let place = usize::try_from(place)?;
        let (_, due) = due.get(place).context("a message that nobody sent")?;
        let time = times.get_mut(place).context("a message that nobody sent")?;
        anyhow::ensure!(time.is_none(), "message {number} was heard twice");
        *time = Some(at.duration_since(*due));
        missing -= 1;
    }
    Ok(times.into_iter().flatten().collect())
}

/// Mean seconds of a row of the table.
type Part = fn(&Found) -> f64;

fn tell(report: &mut Report, found: &[(Bus, Found)]) {
    let mut head = vec!["Way of a message"];
    for (bus, _) in found {
        head.extend([bus.name(), "share"]);
    }
    let mut table = Table::new(&head);
    let parts: [(&str, Part); 6] = [
        ("POST → commit and answer (api)", |found| {
            found.hops.commit
        }),
        ("commit → publishing (relay)", |found| found.hops.relay),
        ("publishing → heard by the gateway (bus)", |found| {
            found.hops.bus
        }),
        ("heard → written to the reader (gateway)", |found| {
            found.hops.gateway
        }),
        ("the rest: who posts and reads", |found| found.rest()),
        ("due → frame at the reader, mean", |found| found.mean),
    ];
    for (name, part) in parts {
        let cells = found.iter().flat_map(|(_, found)| {
            let seconds = part(found);
            [
                format!("{:.2} ms", seconds * 1e3),
                format!("{:.0} %", seconds / found.mean * 100.0),
            ]
        });
        table.row(std::iter::once(name.to_owned()).chain(cells));
    }
    for (name, percent) in [("p50", 50), ("p99", 99), ("longest", 100)] {
        let cells = found.iter().flat_map(|(_, found)| {
            let time = found.times.percentile(percent);
            [Millis(time).to_string(), String::new()]
        });
        table.row(std::iter::once(name.to_owned()).chain(cells));
    }
    report.table(
        &format!(
            "{RATE} messages a second for {} s to one of two apis, by 400 clients of 50 shops, whose owners listen on the \
             gateway that asks the other api; all on the same two cores, generator included. Means of the parts, as the \
             services count them:",
            MEASURED / RATE
        ),
        &table,
    );
    for (bus, found) in found {
        for (percent, bound) in [(50, GOAL_P50_MS), (99, GOAL_P99_MS)] {
            report.goal(Goal {
                what: format!(
                    "`POST` of a message to the frame, {}, p{percent}",
                    bus.name()
                ),
                found: found.times.percentile(percent).as_secs_f64() * 1e3,
                bound: Bound::AtMost(bound),
                unit: " ms",
            });
        }
    }
}

impl Found {
    fn rest(&self) -> f64 {
        let Hops {
            commit,
            relay,
            bus,
            gateway,
        } = self.hops;
        self.mean - commit - relay - bus - gateway
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_known_by_its_number() {
        let line = r#"data: {"message":{"content":"m17: hola"},"conversation":{"lastMessagePreview":"m17: hola"}}"#;
        assert_eq!(number_in(line), Some(17));
        assert_eq!(number_in("event: chat:new_message"), None);
        assert_eq!(number_in(r#"data: {"content":"mañana: sí"}"#), None);
    }
}
