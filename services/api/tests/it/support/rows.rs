//! Rows put there as no request would, and read back.

use chrono::TimeDelta;
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use super::{MEDIA, TestApp};

/// Where the number of a reel begins.
const REELS: u128 = 0x10_0000;

/// Where the number of a live begins.
const STREAMS: u128 = 0x20_0000;

/// A reel to be: a minute old, rendered and in the feed, unless said otherwise.
pub(crate) struct ReelRow {
    pub(crate) status: &'static str,
    pub(crate) age: TimeDelta,
    pub(crate) lifetime: TimeDelta,
    pub(crate) rendered: bool,
    pub(crate) video_url: Option<String>,
    pub(crate) photo_urls: Vec<String>,
}

impl Default for ReelRow {
    fn default() -> Self {
        Self {
            status: "ACTIVE",
            age: TimeDelta::minutes(1),
            lifetime: TimeDelta::hours(24),
            rendered: true,
            video_url: Some(format!("{MEDIA}/processed/reel.mp4")),
            photo_urls: Vec::new(),
        }
    }
}

impl ReelRow {
    pub(crate) fn aged(age: TimeDelta) -> Self {
        Self {
            age,
            ..Self::default()
        }
    }

    pub(crate) fn in_status(status: &'static str) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// Waiting to be rendered.
    pub(crate) fn processing() -> Self {
        Self {
            rendered: false,
            ..Self::in_status("PROCESSING")
        }
    }
}

/// The id of the `number`th reel.
pub(crate) fn reel_id(number: u128) -> Uuid {
    Uuid::from_u128(REELS + number)
}

impl TestApp {
    pub(crate) fn pool(&self) -> &PgPool {
        self.db.pool()
    }

    /// Puts the `number`th reel there.
    pub(crate) async fn reel(&self, number: u128, shop: Uuid, row: ReelRow) -> Uuid {
        let id = reel_id(number);
        let now = self.core.deps.clock.now();
        let created_at = now - row.age;
        sqlx::query(
            "INSERT INTO reels (
                 id, shop_id, type, status, hidden, platform, preset_label, duration_seconds, video_url, photo_urls,
                 created_at, expires_at, rendered_at, render_stage, render_progress
             )
             VALUES (
                 $1, $2, CASE WHEN $4::text IS NULL THEN 'PHOTO_SET' ELSE 'VIDEO' END::reel_type, $3::reel_status,
                 $3 = 'HIDDEN', 'Instagram', 'Nueva llegada', 12, $4, $5, $6, $7, $8,
                 CASE WHEN $8 IS NULL THEN NULL ELSE 'DONE'::render_stage END, CASE WHEN $8 IS NULL THEN 0 ELSE 100 END
             )",
        )
        .bind(id)
        .bind(shop)
        .bind(row.status)
        .bind(row.video_url)
        .bind(row.photo_urls)
        .bind(created_at)
        .bind(created_at + row.lifetime)
        .bind(row.rendered.then_some(now))
        .execute(self.pool())
        .await
        .unwrap();
        id
    }

    /// Puts the `number`th live there, announced for tomorrow and as many hours later as its number.
    pub(crate) async fn stream(&self, number: u128, shop: Uuid, status: &'static str) -> Uuid {
        let id = Uuid::from_u128(STREAMS + number);
        let now = self.core.deps.clock.now();
        let hours = TimeDelta::hours(i64::try_from(number).unwrap());
        sqlx::query(
            "INSERT INTO streams (id, shop_id, title, status, scheduled_at, created_at)
             VALUES ($1, $2, 'Liquidación de verano', $3::stream_status, $4, $5)",
        )
        .bind(id)
        .bind(shop)
        .bind(status)
        .bind(now + TimeDelta::days(1) + hours)
        .bind(now)
        .execute(self.pool())
        .await
        .unwrap();
        id
    }

    /// `count` reels in the feed, a second between each and the next.
    pub(crate) async fn many_reels(&self, shop: Uuid, count: i32) {
        sqlx::query(
            "INSERT INTO reels (
                 id, shop_id, type, status, platform, duration_seconds, video_url, created_at, expires_at, rendered_at
             )
             SELECT gen_random_uuid(), $1, 'VIDEO', 'ACTIVE', 'Instagram', 10, 'u', now() - make_interval(secs => n),
                    now() + interval '1 day', now()
             FROM generate_series(1, $2) AS n",
        )
        .bind(shop)
        .bind(count)
        .execute(self.pool())
        .await
        .unwrap();
    }

    /// Runs a statement that changes the row of `id`.
    pub(crate) async fn change(&self, statement: &'static str, id: Uuid) {
        let done = sqlx::query(statement).bind(id).execute(self.pool()).await;
        assert_eq!(done.unwrap().rows_affected(), 1, "{statement}");
    }

    /// The answer of a query for one value, as text.
    pub(crate) async fn look(&self, query: &'static str, id: Uuid) -> Option<String> {
        let found: Option<Option<String>> = sqlx::query_scalar(query)
            .bind(id)
            .fetch_optional(self.pool())
            .await
            .unwrap();
        found.flatten()
    }

    pub(crate) async fn count(&self, table: &'static str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
            .fetch_one(self.pool())
            .await
            .unwrap()
    }
}
