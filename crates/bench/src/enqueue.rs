//! From the commit of a reel to the start of its render, through everything that lies between: outbox, relay, Cloud Tasks,
//! push. A witness stands where two of them meet and notes the time.
//!
//! PostgreSQL says itself when it committed (`track_commit_timestamp`), and all clocks are this machine's.

pub(crate) mod witness;

use std::{collections::HashMap, time::Duration};

use anyhow::Context as _;
use avvivo_kernel::{Clock as _, SystemClock};
use avvivo_local_servers::Durability;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::time::{interval, timeout};

use crate::{
    checkout,
    platform::{ADMIN, BUCKET, Platform},
    progress,
    report::{Report, Table},
    sample::{Millis, Sample},
    service::Kind,
    tool::Cores,
};
use witness::{Arrival, Arrivals, Call, Witness};

const REELS: usize = 150;
/// The render queue starts ten a second at most; waiting for that would measure the limit.
const PACE: Duration = Duration::from_millis(125);
/// What has not started by then is lost.
const LIMIT: Duration = Duration::from_secs(20);
/// A shop of the sample.
const SHOP: &str = "05000000-0000-7000-8000-000000000001";

pub(crate) async fn run() -> anyhow::Result<Report> {
    progress("enqueue: PostgreSQL on the disk, that tells when it commits …");
    let mut platform = Platform::start(Durability::Durable).await?;
    platform
        .sql("ALTER SYSTEM SET track_commit_timestamp = on")
        .await?;
    platform.restart_postgres().await?;
    platform
        .sql_file(&checkout::at("crates/bench/sql/seed_feed.sql"))
        .await?;
    let mut witness = Witness::start(Some(platform.google_url())).await?;
    let told = [
        ("REELS_PROCESSOR_URL", witness.url()),
        ("CLOUD_TASKS_BASE_URL", witness.url()),
        ("RATE_LIMIT_MAX", "1000000".to_owned()),
    ];
    let mut api = platform.service(Kind::Api, &told, Cores::Both)?;
    api.first_answer("/ready").await?;
    let token = platform.token(ADMIN).await?;
    let shop = Shop {
        http: Client::new(),
        api: api.url(),
        video: upload(&platform.google_url()).await?,
        token,
    };
    // The first opens connections and waits for the queue to be made.
    shop.publish().await?;
    timeout(LIMIT, witness.arrivals.take(1)).await??;
    witness.calls.forget();

    progress(format_args!("enqueue: {REELS} reels, one every {PACE:?} …"));
    let mut pace = interval(PACE);
    let mut published = Vec::new();
    for _ in 0..REELS {
        pace.tick().await;
        published.push(shop.publish().await?);
    }
    let arrivals = timeout(LIMIT, witness.arrivals.take(REELS)).await??;
    let commits = commits(&platform).await?;
    report(&hops(
        &published,
        &commits,
        &witness.calls.all(),
        &arrivals,
    )?)
}

struct Shop {
    http: Client,
    api: String,
    video: String,
    token: String,
}

/// A reel that was published, with the time it was asked for.
struct Published {
    reel: String,
    asked: i64,
}

impl Shop {
    async fn publish(&self) -> anyhow::Result<Published> {
        let body = json!({
            "shopId": SHOP, "type": "VIDEO", "videoUrl": self.video, "durationSeconds": 6, "presetLabel": "Nueva llegada",
            "platform": "Instagram", "editorState": {"version": 1, "fit": "contain"},
        });
        let asked = now();
        let request = self.http.post(format!("{}/reels", self.api));
        let answer = request.bearer_auth(&self.token).json(&body).send().await?;
        let status = answer.status();
        let reel: Value = answer.json().await?;
        anyhow::ensure!(status.is_success(), "POST /reels: {status}: {reel}");
        let reel = reel.get("id").and_then(Value::as_str).context("no id")?;
        Ok(Published {
            reel: reel.to_owned(),
            asked,
        })
    }
}

/// Microseconds since 1970, as PostgreSQL counts them here.
fn now() -> i64 {
    SystemClock.now().timestamp_micros()
}

/// Puts a video where the shop's uploads go, and returns its address. Nobody looks into it here.
async fn upload(google: &str) -> anyhow::Result<String> {
    let path = format!("shops/{SHOP}/clip.mp4");
    let name = path.replace('/', "%2F");
    let url = format!("{google}/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={name}");
    let request = Client::new().post(url).header("content-type", "video/mp4");
    let sent = request.body(vec![0_u8; 4096]).send().await?;
    sent.error_for_status().context("the video was not taken")?;
    Ok(format!("{google}/{BUCKET}/{path}"))
}

async fn commits(platform: &Platform) -> anyhow::Result<HashMap<String, i64>> {
    let rows = platform
        .sql(
            "SELECT id, (extract(EPOCH FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint \
             FROM reels WHERE status = 'PROCESSING'",
        )
        .await?;
    let read = |row: &str| -> anyhow::Result<_> {
        let (reel, at) = row.split_once('|').context("a strange row")?;
        Ok((reel.to_owned(), at.parse()?))
    };
    rows.lines().map(read).collect()
}

/// A row of the table an element. The first is before the commit, the last is the whole way from there.
type Hops = Vec<(&'static str, Vec<Duration>)>;

fn hops(
    published: &[Published],
    commits: &HashMap<String, i64>,
    calls: &[Call],
    arrivals: &[Arrival],
) -> anyhow::Result<Hops> {
    let calls: HashMap<&str, &Call> = calls
        .iter()
        .map(|call| (call.task.as_str(), call))
        .collect();
    let by_reel: HashMap<&str, &Arrival> = arrivals
        .iter()
        .filter_map(|arrival| Some((arrival.reel.as_deref()?, arrival)))
        .collect();
    let mut hops: Hops = [
        "POST → commit",
        "commit → relay calls the queue",
        "relay → queue has it on disk",
        "queue → render starts",
        "commit → render starts",
    ]
    .map(|name| (name, Vec::new()))
    .into();
    for Published { reel, asked } in published {
        let committed = *commits.get(reel).context("a reel was not committed")?;
        let arrival = by_reel.get(reel.as_str()).context("a reel did not start")?;
        let call = calls
            .get(arrival.task.as_str())
            .context("nobody created a task that started")?;
        let parts = [
            (*asked, committed),
            (committed, call.began),
            (call.began, call.answered),
            // The request may overtake the answer.
            (call.answered, arrival.micros.max(call.answered)),
            (committed, arrival.micros),
        ];
        for ((_, times), (from, to)) in hops.iter_mut().zip(parts) {
            let micros = u64::try_from(to - from).unwrap_or_default();
            times.push(Duration::from_micros(micros));
        }
    }
    Ok(hops)
}

fn report(hops: &Hops) -> anyhow::Result<Report> {
    let mut report = Report::new("enqueue", "Enqueue to start");
    let mut table = Table::new(&["Hop", "p50", "p99", "share"]);
    let whole: Duration = hops
        .last()
        .map(|(_, times)| times.iter().sum())
        .unwrap_or_default();
    for (number, (name, times)) in hops.iter().enumerate() {
        let share = times.iter().sum::<Duration>().as_secs_f64() / whole.as_secs_f64();
        let share = match number {
            0 => String::new(),
            _ => format!("{:.0} %", share * 100.0),
        };
        let sample = Sample::new(times.clone()).context("no reels")?;
        table.row([
            (*name).to_owned(),
            Millis(sample.median()).to_string(),
            Millis(sample.percentile(99)).to_string(),
            share,
        ]);
    }
    report.table(
        &format!(
            "{REELS} reels, one every {} ms, on a durable PostgreSQL and a durable gcp-local; the processor is played by \
             somebody who only looks at the clock. Shares are of the way from the commit:",
            PACE.as_millis()
        ),
        &table,
    );
    Ok(report)
}
