//! From `publish` to the message in the subscriber's hand, through the official crate, in one process.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use google_cloud_auth::credentials::anonymous;
use google_cloud_pubsub::{
    client::{Publisher, Subscriber, SubscriptionAdmin, TopicAdmin},
    model::Message,
    subscriber::MessageStream,
};
use tokio::time::{interval, timeout};

use crate::sample::{Sample, rate};

/// Messages of the paced run, and the pause between two.
const PACED: usize = 400;
const PACE: Duration = Duration::from_millis(5);
/// Messages of a burst, and their size.
const BURST: usize = 10_000;
const BODY_BYTES: usize = 1024;
const KEYS: usize = 200;
/// What has not arrived by then is lost.
const LIMIT: Duration = Duration::from_secs(40);
/// Publishing that much is uninteresting: the first message opens connections.
const WARM_UP: usize = 50;

const PROJECT: &str = "projects/bench";

/// What was found.
pub(super) struct Found {
    pub(super) paced: Sample,
    /// Messages received a second.
    pub(super) burst: f64,
    pub(super) keyed_burst: f64,
}

/// What the table shows.
pub(super) fn caption() -> String {
    format!(
        "Through Google's crate. Paced: {PACED} messages, one every {} ms, each sent at once, from `publish` to receipt. \
         Bursts: {BURST} messages of {BODY_BYTES} bytes in batches of up to 500, until the last is received:",
        PACE.as_millis()
    )
}

/// Asks the Pub/Sub at `endpoint`.
pub(super) async fn measure(endpoint: &str) -> anyhow::Result<Found> {
    let paced = {
        let (publisher, mut stream) = pair(endpoint, "paced", Duration::ZERO, 1).await?;
        timeout(LIMIT, send_all(&publisher, &mut stream, WARM_UP, 0)).await??;
        timeout(LIMIT, paced(&publisher, &mut stream)).await?
    };
    Ok(Found {
        paced: paced.context("the paced run")?,
        burst: burst(endpoint, "burst", 0).await?,
        keyed_burst: burst(endpoint, "keyed", KEYS).await?,
    })
}

/// A publisher and a subscriber of a topic of their own.
async fn pair(
    endpoint: &str,
    name: &str,
    delay: Duration,
    batch: u32,
) -> anyhow::Result<(Publisher, MessageStream)> {
    let topic = format!("{PROJECT}/topics/{name}");
    let subscription = format!("{PROJECT}/subscriptions/{name}");
    let nobody = || anonymous::Builder::new().build();
    let topics = TopicAdmin::builder().with_endpoint(endpoint);
    let topics = topics.with_credentials(nobody()).build().await?;
    topics.create_topic().set_name(&topic).send().await?;
    let admin = SubscriptionAdmin::builder().with_endpoint(endpoint);
    let admin = admin.with_credentials(nobody()).build().await?;
    let create = admin.create_subscription().set_name(&subscription);
    let create = create.set_topic(&topic).set_enable_message_ordering(true);
    create.send().await?;

    let publisher = Publisher::builder(&topic).with_endpoint(endpoint);
    let publisher = publisher
        .with_credentials(nobody())
        .set_delay_threshold(delay)
        .set_message_count_threshold(batch)
        .build()
        .await?;
    let subscriber = Subscriber::builder().with_endpoint(endpoint);
    let subscriber = subscriber.with_credentials(nobody()).build().await?;
    let stream = subscriber
        .subscribe(&subscription)
        .set_max_outstanding_messages(5_000)
        .build();
    Ok((publisher, stream))
}

async fn burst(endpoint: &str, name: &str, keys: usize) -> anyhow::Result<f64> {
    let (publisher, mut stream) = pair(endpoint, name, Duration::from_millis(5), 500).await?;
    timeout(LIMIT, send_all(&publisher, &mut stream, WARM_UP, keys)).await??;
    let took = timeout(LIMIT, send_all(&publisher, &mut stream, BURST, keys))
        .await
        .with_context(|| format!("{name}: not all messages arrived within {LIMIT:?}"))??;
    Ok(rate(BURST, took))
}

/// How long it takes until `count` messages, spread over `keys`, have been received.
async fn send_all(
    publisher: &Publisher,
    stream: &mut MessageStream,
    count: usize,
    keys: usize,
) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let publish = async {
        let ids: Vec<_> = (0..count)
            .map(|number| publisher.publish(message(number, keys, began)))
            .collect();
        for id in ids {
            id.await?;
        }
        Ok::<_, anyhow::Error>(())
    };
    let receive = async {
        for _ in 0..count {
            let (_, handler) = stream.next().await.context("the stream ended")??;
            handler.ack();
        }
        Ok(began.elapsed())
    };
    let ((), took) = tokio::try_join!(publish, receive)?;
    Ok(took)
}

async fn paced(publisher: &Publisher, stream: &mut MessageStream) -> anyhow::Result<Sample> {
    let began = Instant::now();
    let publish = async {
        let mut pace = interval(PACE);
        for number in 0..PACED {
            pace.tick().await;
            // Whether it arrives is what the other side sees.
            drop(publisher.publish(message(number, 0, began)));
        }
        Ok(())
    };
    let receive = async {
        let mut times = Vec::with_capacity(PACED);
        while times.len() < PACED {
            let (message, handler) = stream.next().await.context("the stream ended")??;
            handler.ack();
            let sent = message
                .attributes
                .get("sent")
                .context("a strange message")?;
            times.push(
                began
                    .elapsed()
                    .saturating_sub(Duration::from_nanos(sent.parse()?)),
            );
        }
        Ok::<_, anyhow::Error>(times)
    };
    let ((), times) = tokio::try_join!(publish, receive)?;
    Sample::new(times).context("nothing was received")
}

fn message(number: usize, keys: usize, began: Instant) -> Message {
    let key = number.checked_rem(keys);
    let message = Message::new()
        .set_data(vec![0_u8; BODY_BYTES])
        .set_attributes([("sent", began.elapsed().as_nanos().to_string())]);
    match key {
        Some(key) => message.set_ordering_key(key.to_string()),
        None => message,
    }
}
