//! A world to act in: a database of its own, a clock that is set, fakes that remember; and what is read back from it.

mod people;
mod reading;

use std::{sync::Arc, time::Duration};

use avvivo_app::{
    AppError, Deps, Outside, Pictures, Policy,
    chat::Together,
    outbox::{Errands, Nudge, Relay},
    reels::create_reel::{self, CreateReel},
    rendering::{Assignment, claim_render, complete_render},
};
use avvivo_contracts::{
    audience::Audience,
    events::v1::{ReelWithdrawn, event::Payload},
};
use avvivo_domain::reels::{Platform, Reel, ReelType};
use avvivo_kernel::{Clock as _, IdSource as _, ShopId, Timestamp};
use avvivo_ports::{
    Mailer, ObjectPath, ObjectStore as _,
    fakes::{FakeBus, FakeGeocoder, FakeIdentityAdmin, FakeMailer, FakeQueue, FakeStore},
};
use avvivo_postgres::{
    Database, DatabaseOptions, Transaction,
    outbox::{self, NewEvent, Occasion},
    reels::render::Outputs,
};
use avvivo_testkit::{ManualClock, Seen, SequentialIds, TestDb, wait_for};
use chrono::TimeDelta;
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

pub(crate) use people::Shop;
pub(crate) use reading::{code, words};

/// Longer than anything here takes, however busy the machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Trace context that every request of the world has.
pub(crate) const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Everything a use case works with, and handles on the fakes.
pub(crate) struct World {
    pub(crate) deps: Deps,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<FakeStore>,
    pub(crate) bus: Arc<FakeBus>,
    pub(crate) queue: Arc<FakeQueue>,
    pub(crate) provider: Arc<FakeIdentityAdmin>,
    pub(crate) mailer: Arc<FakeMailer>,
    pub(crate) map: Arc<FakeGeocoder>,
    rows: TestDb,
    /// Ids of what tests put there, apart from those that use cases draw.
    people: SequentialIds,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Policy::default()).await
    }

    pub(crate) async fn with(policy: Policy) -> Self {
        let rows = TestDb::create().await;
        let options = DatabaseOptions {
            acquire_timeout: LIMIT,
            ..DatabaseOptions::default()
        };
        let clock = Arc::new(ManualClock::default());
        let store = Arc::new(FakeStore::default());
        let bus = Arc::new(FakeBus::default());
        let provider = Arc::new(FakeIdentityAdmin::default());
        let deps = Deps {
            db: Database::lazy(&rows.url(), &options).unwrap(),
            clock: clock.clone(),
            ids: Arc::new(SequentialIds::default()),
            store: store.clone(),
            chat_store: store.clone(),
            reports_store: store.clone(),
            pictures: Pictures::default(),
            bus: bus.clone(),
            people: provider.clone(),
            nudge: Nudge::default(),
            together: Together::default(),
            traceparent: || Some(TRACEPARENT.to_owned()),
            policy: Arc::new(policy),
        };
        Self {
            deps,
            clock,
            store,
            bus,
            queue: Arc::default(),
            provider,
            mailer: Arc::default(),
            map: Arc::default(),
            rows,
            people: SequentialIds::starting_at(1_000_000),
        }
    }

    pub(crate) fn pool(&self) -> &PgPool {
        self.rows.pool()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn advance(&self, step: TimeDelta) -> Timestamp {
        self.clock.advance(step.to_std().unwrap())
    }

    pub(crate) fn id(&self) -> Uuid {
        self.people.uuid()
    }

    pub(crate) async fn begin(&self) -> Transaction {
        self.deps.db.begin().await.unwrap()
    }

    /// Writes some event for an audience.
    pub(crate) async fn announce_to(&self, tx: &mut Transaction, audience: Audience) {
        let event = NewEvent {
            id: self.id().into(),
            audience,
            payload: Payload::ReelWithdrawn(ReelWithdrawn::default()),
            traceparent: None,
        };
        let occasion = Occasion {
            at: self.now(),
            claimed_until: None,
        };
        outbox::push_events(tx, &[event], occasion).await.unwrap();
    }

    /// One that has everybody outside to do something for it.
    pub(crate) async fn with_everybody() -> Self {
        Self::with(Policy {
            outside: Outside {
                mail: true,
                people: true,
                map: true,
                app_url: "https://app.test".to_owned(),
            },
            ..Policy::default()
        })
        .await
    }

    /// A relay that runs errands, with this to send mails.
    pub(crate) fn runner(&self, mailer: Arc<dyn Mailer>) -> Relay {
        self.relay().running(Errands {
            deps: self.deps.clone(),
            mailer: Some(mailer),
            geocoder: Some(self.map.clone()),
        })
    }

    pub(crate) fn relay(&self) -> Relay {
        Relay::new(
            self.deps.db.clone(),
            self.clock.clone(),
            self.bus.clone(),
            self.queue.clone(),
            self.deps.nudge.clone(),
        )
    }

    /// Runs a statement that arranges rows as no use case would.
    pub(crate) async fn arrange(&self, statement: &'static str, id: Uuid) {
        let done = sqlx::query(statement).bind(id).execute(self.pool()).await;
        assert_eq!(done.unwrap().rows_affected(), 1, "{statement}");
    }

    /// Waits until a statement of somebody waits for a lock.
    pub(crate) async fn somebody_waits(&self) {
        let sql = "SELECT count(*) FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
        wait_for("a statement that waits for a lock", LIMIT, async || {
            let waiting: i64 = sqlx::query_scalar(sql)
                .fetch_one(self.pool())
                .await
                .unwrap();
            if waiting > 0 {
                Seen::Done(())
            } else {
                Seen::NotYet(waiting)
            }
        })
        .await;
    }
}

/// The name of an object in a shop's folder.
pub(crate) fn in_folder(shop: ShopId, name: &str) -> String {
    format!("shops/{shop}/{name}")
}

/// Doing what shops and renderers do.
impl World {
    /// The address of an object.
    pub(crate) fn url(&self, path: &str) -> String {
        self.store.public_url(&ObjectPath::new(path))
    }

    /// Uploads a file and answers its address.
    pub(crate) fn upload(&self, shop: ShopId, name: &str, content_type: &str) -> String {
        let path = in_folder(shop, name);
        self.store.put(&path, content_type, b"bytes");
        self.url(&path)
    }

    /// The owner asks for a reel of a video that has arrived.
    pub(crate) fn video(&self, shop: &Shop) -> CreateReel {
        video_of(shop, self.upload(shop.id, "video.mp4", "video/mp4"))
    }
}

/// The owner asks for a reel of this video.
pub(crate) fn video_of(shop: &Shop, url: String) -> CreateReel {
    CreateReel {
        caller: shop.owner.clone(),
        shop: shop.id,
        kind: ReelType::Video,
        video_url: Some(url),
        photo_urls: Vec::new(),
        thumbnail_url: None,
        duration_seconds: 10,
        platform: Platform::Instagram,
        preset_label: None,
        editor_state: None,
        admin_override: false,
        idempotency_key: None,
    }
}

impl World {
    pub(crate) async fn create(&self, command: CreateReel) -> Result<Reel, AppError> {
        Ok(create_reel::run(&self.deps, command).await?.reel)
    }

    /// A reel that waits for its renderer.
    pub(crate) async fn waiting(&self, shop: &Shop) -> Reel {
        self.create(self.video(shop)).await.unwrap()
    }

    /// A renderer takes the reel.
    pub(crate) async fn claim(&self, reel: &Reel) -> Assignment {
        let answer = claim_render::run(&self.deps, reel.id, reel.render.version).await;
        match answer.unwrap() {
            claim_render::Answer::Go(assignment) => *assignment,
            other => panic!("not granted: {other:?}"),
        }
    }

    /// What a rendering of this assignment puts into the store.
    pub(crate) fn outputs(&self, assignment: &Assignment) -> Outputs {
        let output = |what: &str| {
            let (reel, lease) = assignment.key();
            let path = format!("processed/{reel}-{lease}-{what}");
            self.store.put(&path, "video/mp4", b"rendered");
            self.url(&path)
        };
        Outputs {
            video_url: Some(output("reel.mp4")),
            photo_urls: Vec::new(),
            thumbnail_url: Some(output("thumb.jpg")),
            duration_seconds: Some(12),
            report: json!({"workerOverlayStatus": "none"}),
        }
    }

    /// A reel in the feed.
    pub(crate) async fn published(&self, shop: &Shop) -> Reel {
        let reel = self.waiting(shop).await;
        self.publish(&reel).await
    }

    /// A renderer takes the reel and finishes it.
    pub(crate) async fn publish(&self, reel: &Reel) -> Reel {
        let assignment = self.claim(reel).await;
        let outputs = self.outputs(&assignment);
        let completed = complete_render::run(&self.deps, &assignment, &outputs).await;
        completed.unwrap().unwrap();
        self.reel(assignment.reel.id).await
    }
}
