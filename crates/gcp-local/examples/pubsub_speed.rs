//! Latency and throughput of a Pub/Sub, through the official crate.
//!
//! ```text
//! cargo run --release -p gcp-local --example pubsub_speed -- http://127.0.0.1:8085
//! ```
//!
//! Prints one line a measurement. Run it against gcp-local and against Google's emulator on the
//! same machine to compare them; absolute numbers say more about the machine.

use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use google_cloud_auth::credentials::anonymous;
use google_cloud_pubsub::client::{Publisher, Subscriber, SubscriptionAdmin, TopicAdmin};
use google_cloud_pubsub::model::Message;
use google_cloud_pubsub::subscriber::MessageStream;

const PACED: usize = 400;
const PACE: Duration = Duration::from_millis(5);
const BURST: usize = 20_000;
const BODY: usize = 1024;

struct Target {
    endpoint: String,
    topic: String,
    subscription: String,
}

impl Target {
    async fn prepare(endpoint: &str) -> Result<Self> {
        let run = uuid::Uuid::from_u128(rand::random()).simple();
        let topic = format!("projects/speed/topics/t-{run}");
        let subscription = format!("projects/speed/subscriptions/s-{run}");
        let credentials = anonymous::Builder::new().build();
        let topics = TopicAdmin::builder().with_endpoint(endpoint);
        let topics = topics.with_credentials(credentials.clone()).build().await?;
        topics.create_topic().set_name(&topic).send().await?;
        let admin = SubscriptionAdmin::builder().with_endpoint(endpoint);
        let admin = admin.with_credentials(credentials).build().await?;
        let create = admin
            .create_subscription()
            .set_name(&subscription)
            .set_topic(&topic);
        create.set_enable_message_ordering(true).send().await?;
        Ok(Self {
            endpoint: endpoint.to_owned(),
            topic,
            subscription,
        })
    }

    async fn publisher(&self, delay: Duration, batch: u32) -> Result<Publisher> {
        let publisher = Publisher::builder(&self.topic).with_endpoint(&self.endpoint);
        let publisher = publisher.with_credentials(anonymous::Builder::new().build());
        let publisher = publisher
            .set_delay_threshold(delay)
            .set_message_count_threshold(batch);
        Ok(publisher.build().await?)
    }

    async fn stream(&self) -> Result<MessageStream> {
        let subscriber = Subscriber::builder().with_endpoint(&self.endpoint);
        let subscriber = subscriber.with_credentials(anonymous::Builder::new().build());
        let subscriber = subscriber.build().await?;
        Ok(subscriber
            .subscribe(&self.subscription)
            .set_max_outstanding_messages(5000)
            .build())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let endpoint = std::env::args()
        .nth(1)
        .context("the first argument is an endpoint")?;
    let target = Target::prepare(&endpoint).await?;
    let mut stream = target.stream().await?;
    for (name, delay, batch, keys) in [
        ("paced, batches of 10 ms", Duration::from_millis(10), 100, 0),
        ("paced, unbatched", Duration::ZERO, 1, 0),
        ("paced, 1 ms, 50 keys", Duration::from_millis(1), 100, 50),
    ] {
        let publisher = target.publisher(delay, batch).await?;
        let latencies = latency(&publisher, &mut stream, keys).await?;
        let line = format!(
            "{name}: p50 {:?}, p99 {:?}",
            at(&latencies, 50),
            at(&latencies, 99)
        );
        writeln!(std::io::stdout(), "{line}")?;
    }
    for (name, keys) in [
        ("burst, no keys", 0),
        ("burst, 200 keys", 200),
        ("burst, one key", 1),
    ] {
        let publisher = target.publisher(Duration::from_millis(5), 500).await?;
        let (sent, received) = throughput(&publisher, &mut stream, keys).await?;
        let line = format!("{name}: {sent:.0} published/s, {received:.0} received/s");
        writeln!(std::io::stdout(), "{line}")?;
    }
    Ok(())
}

fn message(number: usize, keys: usize, started: Instant) -> Message {
    let key = number
        .checked_rem(keys)
        .map(|key| key.to_string())
        .unwrap_or_default();
    let sent = started.elapsed().as_nanos().to_string();
    Message::new()
        .set_data(vec![0_u8; BODY])
        .set_attributes([("sent", sent)])
        .set_ordering_key(key)
}

/// Sorted times from before the publish to the receipt.
async fn latency(
    publisher: &Publisher,
    stream: &mut MessageStream,
    keys: usize,
) -> Result<Vec<Duration>> {
    let started = Instant::now();
    let mut pace = tokio::time::interval(PACE);
    let publish = async {
        for number in 0..PACED {
            pace.tick().await;
            // Whether it arrived is what the other side measures.
            drop(publisher.publish(message(number, keys, started)));
        }
        Ok(())
    };
    let receive = async {
        let mut latencies = Vec::with_capacity(PACED);
        while latencies.len() < PACED {
            let (message, handler) = stream.next().await.context("the stream ended")??;
            handler.ack();
            let sent = message
                .attributes
                .get("sent")
                .context("a foreign message")?
                .parse()?;
            latencies.push(started.elapsed().saturating_sub(Duration::from_nanos(sent)));
        }
        latencies.sort_unstable();
        Ok::<_, anyhow::Error>(latencies)
    };
    tokio::try_join!(publish, receive).map(|((), latencies)| latencies)
}

fn at(sorted: &[Duration], percent: usize) -> Duration {
    sorted
        .get(sorted.len().saturating_sub(1) * percent / 100)
        .copied()
        .unwrap_or_default()
}

/// Messages a second, published and received, of one burst.
async fn throughput(
    publisher: &Publisher,
    stream: &mut MessageStream,
    keys: usize,
) -> Result<(f64, f64)> {
    let started = Instant::now();
    let publish = async {
        let ids: Vec<_> = (0..BURST)
            .map(|number| publisher.publish(message(number, keys, started)))
            .collect();
        for id in ids {
            id.await?;
        }
        Ok::<_, anyhow::Error>(started.elapsed())
    };
    let receive = async {
        for _ in 0..BURST {
            let (_, handler) = stream.next().await.context("the stream ended")??;
            handler.ack();
        }
        Ok(started.elapsed())
    };
    let (sent, received) = tokio::try_join!(publish, receive)?;
    let count = f64::from(u32::try_from(BURST)?);
    Ok((count / sent.as_secs_f64(), count / received.as_secs_f64()))
}
