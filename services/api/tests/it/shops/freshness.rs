//! Cached lists under many readers: computed no more often than they must be, never waited for while there is something to
//! show, bounded, and told anew on every instance.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use avvivo_testkit::{Seen, wait_for};
use axum::Router;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::Mall;
use crate::support::{HEALTHCHECK_TOKEN, PATIENCE, TestApp, get_from, hears_events};

const READERS: usize = 64;

/// What the readers of one instance saw.
#[derive(Default)]
struct Tally {
    /// Answers.
    answers: AtomicU64,
    /// Answers that were computed for whoever got them.
    computed: AtomicU64,
    /// The newest minimum purchase of the first shop.
    seen: AtomicU64,
}

/// Readers of one list, who ask for it again as soon as they are answered.
struct Crowd {
    tallies: Vec<Arc<Tally>>,
    over: Arc<AtomicBool>,
    readers: JoinSet<()>,
}

impl Crowd {
    fn gather(instances: &[Router], path: &'static str) -> Self {
        let tallies: Vec<Arc<Tally>> = instances.iter().map(|_| Arc::default()).collect();
        let over = Arc::<AtomicBool>::default();
        let mut readers = JoinSet::new();
        let places = instances.iter().zip(&tallies).cycle().take(READERS);
        for (router, tally) in places {
            let (router, tally, over) = (router.clone(), Arc::clone(tally), Arc::clone(&over));
            readers.spawn(async move {
                let mut last = 0;
                while !over.load(SeqCst) {
                    last = read(&router, path, &tally, last).await;
                    // An answer from memory takes no wait, and the others want to ask, too.
                    tokio::task::yield_now().await;
                }
            });
        }
        Self {
            tallies,
            over,
            readers,
        }
    }

    /// Waits until every instance's readers have seen as much.
    async fn wait(&self, what: &str, count: impl Fn(&Tally) -> u64, least: u64) {
        for tally in &self.tallies {
            wait_for(what, PATIENCE, async || match count(tally) {
                enough if enough >= least => Seen::Done(()),
                short => Seen::NotYet(short),
            })
            .await;
        }
    }

    async fn leave(mut self) -> Vec<Arc<Tally>> {
        self.over.store(true, SeqCst);
        while let Some(reader) = self.readers.join_next().await {
            reader.unwrap();
        }
        self.tallies
    }
}

/// Asks once. What somebody has seen never gets older again.
async fn read(router: &Router, path: &str, tally: &Tally, before: u64) -> u64 {
    let answer = get_from(router, path).await;
    let list = answer.ok();
    let name = if path == "/shops" {
        "minimumPurchase"
    } else {
        "Mínimo de Compra"
    };
    let seen = list[0][name].as_u64().unwrap();
    assert!(seen >= before, "{seen} after {before}");
    tally.answers.fetch_add(1, SeqCst);
    tally.seen.fetch_max(seen, SeqCst);
    if answer.header("x-cache") == Some("MISS") {
        tally.computed.fetch_add(1, SeqCst);
    }
    seen
}

/// How many statements wait for the table of shops.
async fn waiting(app: &TestApp) -> i64 {
    sqlx::query_scalar(
        "SELECT count(*) FROM pg_locks WHERE relation = 'shops'::regclass AND NOT granted",
    )
    .fetch_one(app.pool())
    .await
    .unwrap()
}

async fn one_statement_waits(app: &TestApp) {
    let waiting = wait_for("a statement to wait", PATIENCE, async || {
        match waiting(app).await {
            0 => Seen::NotYet(0),
            waiting => Seen::Done(waiting),
        }
    })
    .await;
    assert_eq!(waiting, 1);
}

#[tokio::test]
async fn while_one_has_a_list_computed_anew_the_others_are_answered_from_what_there_was() {
    let max_age = "4000".to_owned();
    let app = TestApp::start_with(|settings| {
        settings.insert("RESPONSE_CACHE_MAX_AGE_MS", max_age);
    })
    .await;
    app.owner(1).await;
    app.hears_events().await;
    let held = async || {
        let mut table = app.pool().begin().await.unwrap();
        let lock = "LOCK TABLE shops IN ACCESS EXCLUSIVE MODE";
        sqlx::query(lock).execute(&mut *table).await.unwrap();
        table
    };
    // Where there is nothing yet they wait, for one statement.
    let table = held().await;
    let crowd = Crowd::gather(std::slice::from_ref(&app.router), "/shops");
    one_statement_waits(&app).await;
    table.rollback().await.unwrap();
    crowd
        .wait("first answers", |t| t.answers.load(SeqCst), 64)
        .await;
    let computed = |tally: &Tally| tally.computed.load(SeqCst);
    crowd.wait("the first list", computed, 1).await;
    assert_eq!(computed(&crowd.tallies[0]), 1);
    // Its time is over: one waits for what takes its place, and the others do not.
    let table = held().await;
    one_statement_waits(&app).await;
    let before = crowd.tallies[0].answers.load(SeqCst);
    crowd
        .wait(
            "answers meanwhile",
            |t| t.answers.load(SeqCst),
            before + 640,
        )
        .await;
    assert_eq!(waiting(&app).await, 1);
    assert_eq!(computed(&crowd.tallies[0]), 1);
    table.rollback().await.unwrap();
    crowd.wait("the new list", computed, 2).await;
    crowd.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_expires_and_changes_under_many_readers_is_computed_once_each_time() {
    const MAX_AGE: Duration = Duration::from_millis(200);
    const CHANGES: u64 = 10;
    let mall = Mall::open_with(|settings| {
        settings.insert("RESPONSE_CACHE_MAX_AGE_MS", MAX_AGE.as_millis().to_string());
    })
    .await;
    let owner = mall.app.owner(1).await;
    let instances = [
        mall.app.router.clone(),
        mall.app.second_instance(|_| {}).await,
    ];
    for instance in &instances {
        hears_events(instance).await;
    }
    let began = Instant::now();
    let crowd = Crowd::gather(&instances, "/shops");
    for change in 1..=CHANGES {
        mall.put(&json!(owner.shop), &json!({"minimumPurchase": change}))
            .await;
        crowd
            .wait("the change", |t| t.seen.load(SeqCst), change)
            .await;
        // And its time is over once more before the next.
        let computed = crowd.tallies.iter().map(|t| t.computed.load(SeqCst)).max();
        let next = computed.unwrap() + 1;
        crowd
            .wait("an expiry", |t| t.computed.load(SeqCst), next)
            .await;
    }
    let tallies = crowd.leave().await;
    // One begins no earlier than its time after the one before, but for changes, and the first.
    let expiries = u64::try_from(began.elapsed().as_millis() / MAX_AGE.as_millis()).unwrap();
    for tally in tallies {
        let (answers, computed) = (tally.answers.load(SeqCst), tally.computed.load(SeqCst));
        let most = 1 + CHANGES + expiries;
        assert!((CHANGES..=most).contains(&computed), "{computed} of {most}");
        assert!(answers > 10 * computed, "{answers} for {computed}");
    }
}

#[tokio::test]
async fn a_change_is_computed_once_on_each_instance_long_before_the_lists_time_is_over() {
    let mall = Mall::open().await;
    let owner = mall.app.owner(1).await;
    let instances = [
        mall.app.router.clone(),
        mall.app.second_instance(|_| {}).await,
    ];
    for instance in &instances {
        hears_events(instance).await;
    }
    // Kept for two minutes: who sees the change has been told.
    let crowd = Crowd::gather(&instances, "/shops/map-data");
    crowd
        .wait("first answers", |t| t.answers.load(SeqCst), 64)
        .await;
    mall.put(&json!(owner.shop), &json!({"minimumPurchase": 5}))
        .await;
    crowd.wait("the change", |t| t.seen.load(SeqCst), 5).await;
    for tally in crowd.leave().await {
        assert_eq!(tally.computed.load(SeqCst), 2);
    }
}

#[tokio::test]
async fn whatever_pages_are_asked_for_the_cache_stays_within_its_bytes() {
    const MOST: u64 = 1 << 20;
    let app = TestApp::start_with(|settings| {
        settings.insert("RESPONSE_CACHE_MB", "1".to_owned());
    })
    .await;
    for number in 1..=30 {
        app.owner(number).await;
    }
    app.hears_events().await;
    let mut asked = 0;
    for limit in 15..=30 {
        for offset in 0..10 {
            let path = format!("/shops?limit={limit}&offset={offset}");
            asked += app.get(&path).await.body.len();
        }
    }
    let asked = u64::try_from(asked).unwrap();
    assert!(asked > 2 * MOST, "{asked}");
    let kept = wait_for("what is too much to go", PATIENCE, async || {
        match metric(&app, "avvivo_cache_size_bytes").await {
            kept if kept <= MOST => Seen::Done(kept),
            kept => Seen::NotYet(kept),
        }
    })
    .await;
    assert!(kept > MOST / 4, "{kept}");
    assert_eq!(metric(&app, "avvivo_cache_computed_total").await, 160);
}

async fn metric(app: &TestApp, name: &str) -> u64 {
    let metrics = app.get("/metrics").bearer(HEALTHCHECK_TOKEN).await;
    let text = String::from_utf8_lossy(&metrics.body).into_owned();
    let mut lines = text.lines();
    let line = lines.find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.rsplit(' ').next());
    let value: Value = value.unwrap_or_else(|| panic!("{text}")).parse().unwrap();
    value.as_u64().unwrap()
}
