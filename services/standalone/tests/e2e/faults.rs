//! Nothing lost, nothing twice, in order: whatever breaks.
//!
//! Clients and shops write through two apis, readers listen at two gateways, and somebody breaks one thing after the other.
//! Then everything is mended, and what each reader was told is held against what was committed. All decisions follow from a
//! seed, which is printed: `AVVIVO_FAULT_SEED` makes them again, and `AVVIVO_FAULT_SECONDS` says for how long. When things
//! happen is up to the machine, so the same seed may have to be tried a few times.
//!
//! `writers` say things, `readers` listen over a [`wire`] and keep a `record`, the `adversary` breaks the `cluster` and has
//! the bus `echo`. In the end the `judge` compares each record with the `truth`, and `accounts` compares that with what the
//! apis answered.

mod accounts;
mod adversary;
mod cluster;
mod echo;
mod judge;
mod people;
mod plan;
mod readers;
mod record;
mod rest;
mod tally;
mod truth;
mod wire;
mod writers;

use std::{
    net::SocketAddr,
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::FutureExt as _;
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::time::{Instant, interval};

use accounts::Accounts;
use adversary::Adversary;
use cluster::{Bus, Cluster, Member};
use echo::Echo;
use judge::judge;
use people::Cast;
use plan::Plan;
use readers::Readers;
use rest::Rest;
use tally::Tally;
use truth::{Bases, Truth};
use writers::{Ledger, Writers};

/// How often those who watch are told how far things are.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// When everything is mended, this is how long the last thing said may take to everybody. What could not be handed over is
/// tried again ever more seldom.
const DRAIN_LIMIT: Duration = Duration::from_mins(2);

/// What everybody knows.
struct World {
    plan: Plan,
    cast: Cast,
    rest: Rest,
    echo: Echo,
    pool: PgPool,
    gateways: [SocketAddr; 2],
    tally: Tally,
    ledger: Ledger,
    calm: AtomicBool,
}

impl World {
    /// Whether everybody shall go on as they are.
    fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_on_pubsub() {
    run(Bus::PubSub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_on_redis() {
    run(Bus::Redis).await;
}

async fn run(bus: Bus) {
    let plan = Plan::of_process();
    eprintln!("{bus:?}: {}", plan.again());
    let mut cluster = Cluster::start(bus).await;
    let world = Arc::new(world(plan, &cluster).await);
    let going = AssertUnwindSafe(go(&world, &mut cluster)).catch_unwind();
    let ended = telling(&world, going).await;
    eprintln!("{}", world.tally);
    match ended {
        Ok(faults) if faults.is_empty() => {}
        Ok(faults) => panic!(
            "{} to have it again on {bus:?}\n{}\n{}",
            plan.again(),
            shortened(&faults),
            cluster.logs()
        ),
        Err(panicked) => {
            eprintln!(
                "{} to have it again on {bus:?}\n{}",
                plan.again(),
                cluster.logs()
            );
            std::panic::resume_unwind(panicked);
        }
    }
}

/// Whoever looks for one cause is not helped by a thousand effects.
fn shortened(faults: &[String]) -> String {
    const MOST: usize = 60;
    let more = faults.len().saturating_sub(MOST);
    let shown = faults[..faults.len() - more].join("\n");
    format!("{shown}\n(and {more} more)")
}

async fn world(plan: Plan, cluster: &Cluster) -> World {
    let rest = Rest::new([0, 1].map(|number| cluster.url(Member::Api(number))));
    let google = cluster.url(Member::Google);
    let pool = PgPoolOptions::new()
        .connect_lazy(cluster.database_url())
        .unwrap();
    World {
        plan,
        cast: Cast::gather(cluster.database_url(), &google, &rest).await,
        rest,
        echo: Echo::new(cluster.event_bus().await, pool.clone()),
        pool,
        gateways: [0, 1].map(|number| cluster.address(Member::Gateway(number))),
        tally: Tally::default(),
        ledger: Ledger::default(),
        calm: AtomicBool::new(false),
    }
}

/// Says how far things are while something goes on.
async fn telling<T>(world: &World, going: impl Future<Output = T>) -> T {
    let (began, mut ticks) = (Instant::now(), interval(TELL_EVERY));
    let mut going = pin!(going);
    loop {
        tokio::select! {
            ended = &mut going => return ended,
            _ = ticks.tick() => eprintln!("{:4} s: {}", began.elapsed().as_secs(), world.tally),
        }
    }
}

/// Round after round, until something is wrong or the time is over. Answers what is wrong.
async fn go(world: &Arc<World>, cluster: &mut Cluster) -> Vec<String> {
    let mut readers = Readers::begin(world);
    let (mut bases, mut accounts) = (Bases::default(), Accounts::default());
    for (round, length) in world.plan.rounds().enumerate() {
        world.calm.store(false, Ordering::Relaxed);
        let writers = Writers::begin(world, round);
        let mut adversary = Adversary::of(world, round);
        adversary.rage(world, cluster, &readers, length).await;
        world.calm.store(true, Ordering::Relaxed);
        // The last words are said while the bus comes back, and not everybody is back there.
        adversary.strike_last(world, cluster, &readers).await;
        writers.stop();
        cluster.all_ready().await;
        writers.finish().await;
        let truth = Truth::since(&bases, &world.pool, &world.cast).await;
        let mut faults = truth.faults.clone();
        faults.extend(accounts.settle(world, &truth, &bases).await);
        faults.extend(hear_out(&mut readers, &truth).await);
        if !faults.is_empty() {
            return [adversary.done, faults].concat();
        }
        bases.advance(&truth);
    }
    readers.finish().await;
    // Gaps that are named are no fault, but whoever is told of little else is told nothing.
    let (told, missed) = (world.tally.frames.get() / 2, world.tally.missed.get());
    assert!(
        missed * 10 <= told,
        "{missed} events were missed, and {told} told"
    );
    Vec::new()
}

/// Waits until everybody has been told everything, and judges what they were told.
async fn hear_out(readers: &mut Readers, truth: &Truth) -> Vec<String> {
    let deadline = Instant::now() + DRAIN_LIMIT;
    let is_told = |readers: &Readers| {
        let mut records = readers.records.iter();
        records.all(|record| record.lock().unwrap().is_at(|name| truth.head(name)))
    };
    while !is_told(readers) && Instant::now() < deadline {
        readers.all_listen();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let records = readers.records.iter();
    records
        .flat_map(|record| judge(&record.lock().unwrap().take(), truth))
        .collect()
}
