//! A database with a few rows to act on.

use std::time::Duration;

use avvivo_domain::reels::{LIFETIME, Platform, Reel, ReelStatus, ReelType, RenderState};
use avvivo_kernel::{AccountId, IdSource as _, ReelId, ShopId, Timestamp};
use avvivo_postgres::{Database, DatabaseOptions, Transaction, reels};
use avvivo_testkit::{Seen, SequentialIds, TestDb, wait_for};
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

/// Longer than anything here takes, however busy the machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Connections: enough that statements truly meet.
const POOL_SIZE: u32 = 16;

pub(crate) struct World {
    pub(crate) db: Database,
    rows: TestDb,
    ids: SequentialIds,
}

/// A time that says nothing in particular.
pub(crate) fn noon() -> Timestamp {
    "2026-03-10T15:00:00Z".parse().unwrap()
}

impl World {
    pub(crate) async fn new() -> Self {
        let rows = TestDb::create().await;
        let options = DatabaseOptions {
            max_connections: POOL_SIZE,
            acquire_timeout: LIMIT,
            ..DatabaseOptions::default()
        };
        Self {
            db: Database::lazy(&rows.url(), &options).unwrap(),
            rows,
            ids: SequentialIds::default(),
        }
    }

    pub(crate) fn pool(&self) -> &PgPool {
        self.rows.pool()
    }

    pub(crate) fn url(&self) -> String {
        self.rows.url()
    }

    pub(crate) fn id(&self) -> Uuid {
        self.ids.uuid()
    }

    pub(crate) async fn begin(&self) -> Transaction {
        self.db.begin().await.unwrap()
    }

    /// Runs statements that arrange what no function here would.
    pub(crate) async fn run(&self, statements: impl Into<String>) {
        let statements = AssertSqlSafe(statements.into());
        sqlx::raw_sql(statements)
            .execute(self.pool())
            .await
            .unwrap();
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql)
            .fetch_one(self.pool())
            .await
            .unwrap()
    }

    pub(crate) async fn account(&self) -> AccountId {
        let id = self.id();
        sqlx::query("INSERT INTO accounts (id, email, created_at) VALUES ($1, $2, $3)")
            .bind(id)
            .bind(format!("{id}@example.com"))
            .bind(noon())
            .execute(self.pool())
            .await
            .unwrap();
        id.into()
    }

    pub(crate) async fn shop(&self) -> ShopId {
        let id = self.id();
        sqlx::query(
            "INSERT INTO shops (id, name, slug, created_at, updated_at) VALUES ($1, 'Tienda', $2, $3, $3)",
        )
        .bind(id)
        .bind(id.to_string())
        .bind(noon())
        .execute(self.pool())
        .await
        .unwrap();
        id.into()
    }

    /// A reel of a shop that waits for its renderer since noon.
    pub(crate) fn draft(&self, shop: ShopId) -> Reel {
        Reel {
            id: self.id().into(),
            shop_id: shop,
            kind: ReelType::Video,
            status: ReelStatus::Processing,
            platform: Platform::TikTok,
            preset_label: None,
            duration_seconds: 10,
            editor_state: None,
            video_url: Some("https://media.test/raw.mp4".to_owned()),
            photo_urls: Vec::new(),
            thumbnail_url: None,
            views: 0,
            created_at: noon(),
            expires_at: noon() + LIFETIME,
            render: RenderState {
                version: 1,
                stage: None,
                progress: 0,
                attempts: 0,
                failure: None,
                failed_at: None,
                requeued_at: None,
                rendered_at: None,
                report: None,
                lease: None,
            },
            traceparent: None,
        }
    }

    pub(crate) async fn stored(&self, reel: &Reel) -> ReelId {
        let mut conn = self.db.acquire().await.unwrap();
        reels::insert(&mut conn, reel, &[]).await.unwrap();
        reel.id
    }

    pub(crate) async fn waiting(&self) -> ReelId {
        let shop = self.shop().await;
        self.stored(&self.draft(shop)).await
    }

    pub(crate) async fn reel(&self, id: ReelId) -> Reel {
        let mut conn = self.db.acquire().await.unwrap();
        reels::find(&mut conn, id).await.unwrap().unwrap()
    }

    /// Waits until somebody sleeps between two looks.
    pub(crate) async fn somebody_sleeps(&self) {
        let sql = "SELECT count(*) FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event = 'PgSleep'";
        wait_for("somebody to sleep", LIMIT, async || {
            match self.count(sql).await {
                0 => Seen::NotYet(0),
                _ => Seen::Done(()),
            }
        })
        .await;
    }

    /// Waits until a statement of somebody waits for a lock.
    pub(crate) async fn somebody_waits(&self) {
        let sql = "SELECT count(*) FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
        wait_for(
            "a statement that waits for a lock",
            LIMIT,
            async || match self.count(sql).await {
                0 => Seen::NotYet(0),
                _ => Seen::Done(()),
            },
        )
        .await;
    }
}
