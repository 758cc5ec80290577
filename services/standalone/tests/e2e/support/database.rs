//! The private database, looked at from behind.

use avvivo_testkit::{Seen, wait_for};
use sqlx::{Connection as _, PgConnection, PgPool, postgres::PgPoolOptions};
use uuid::Uuid;

use super::PATIENCE;

/// What relays hold while they claim rows of the outbox (`crates/postgres/src/outbox.rs`).
const CLAIM_LOCK: i32 = 0x6f75_7462;

/// A reel's row, as far as tests look at it.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub(crate) struct ReelRow {
    pub(crate) status: String,
    pub(crate) stage: Option<String>,
    pub(crate) render_progress: i16,
    pub(crate) render_attempts: i32,
    pub(crate) render_error_code: Option<String>,
    pub(crate) lease_token: Option<Uuid>,
    pub(crate) traceparent: Option<String>,
}

/// The platform's database.
pub(crate) struct Rows {
    url: String,
    pool: PgPool,
}

impl Rows {
    pub(crate) fn at(url: &str) -> Self {
        let pool = PgPoolOptions::new().max_connections(2).connect_lazy(url);
        Self {
            url: url.to_owned(),
            pool: pool.unwrap(),
        }
    }

    pub(crate) async fn reel(&self, reel: Uuid) -> ReelRow {
        sqlx::query_as(
            "SELECT status::text, render_stage::text AS stage, render_progress, render_attempts, render_error_code,
                    lease_token, traceparent
             FROM reels WHERE id = $1",
        )
        .bind(reel)
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }

    /// Waits until ffmpeg is at work on the reel.
    pub(crate) async fn rendering(&self, reel: Uuid) {
        wait_for("the render to get going", PATIENCE, async || {
            let row = self.reel(reel).await;
            let at_work = row.stage.as_deref() == Some("RENDER_VIDEO") && row.render_progress > 0;
            if at_work {
                Seen::Done(())
            } else {
                Seen::NotYet(row)
            }
        })
        .await;
    }

    /// Waits until nothing more happens to the reel.
    pub(crate) async fn settled(&self, reel: Uuid) -> ReelRow {
        wait_for("the reel to be settled", PATIENCE, async || {
            let row = self.reel(reel).await;
            if row.status == "PROCESSING" {
                Seen::NotYet(row)
            } else {
                Seen::Done(row)
            }
        })
        .await
    }

    /// Ends the lease of a renderer that is gone, instead of waiting for a minute.
    pub(crate) async fn end_lease(&self, reel: Uuid) {
        sqlx::query(
            "UPDATE reels SET lease_until = now() WHERE id = $1 AND lease_token IS NOT NULL",
        )
        .bind(reel)
        .execute(&self.pool)
        .await
        .unwrap();
    }

    /// What a reel has cost its shop and what was given back: `DEBIT 1`, `CREDIT 1`.
    pub(crate) async fn ledger(&self, reel: Uuid) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT direction::text || ' ' || amount FROM quota_ledger WHERE ref_id = $1 ORDER BY created_at",
        )
        .bind(reel)
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }

    /// How often a reel was seen, by its own count.
    pub(crate) async fn views(&self, reel: Uuid) -> i32 {
        sqlx::query_scalar("SELECT views FROM reels WHERE id = $1")
            .bind(reel)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    /// How much a shop may still publish.
    pub(crate) async fn quota(&self, shop: Uuid) -> i32 {
        sqlx::query_scalar("SELECT reel_quota FROM shops WHERE id = $1")
            .bind(shop)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    /// Lets a shop publish as often as tests need.
    pub(crate) async fn give_quota(&self, shop: Uuid) {
        sqlx::query(
            "INSERT INTO quota_wallets (shop_id, reel_extra_balance) VALUES ($1, 100)
             ON CONFLICT (shop_id) DO UPDATE SET reel_extra_balance = 100",
        )
        .bind(shop)
        .execute(&self.pool)
        .await
        .unwrap();
    }

    /// Leaves a shop nothing to publish today.
    pub(crate) async fn use_up_quota(&self, shop: Uuid) {
        let used = sqlx::query(
            "UPDATE quota_wallets SET reel_daily_used = reel_daily_limit, reel_extra_balance = 0 WHERE shop_id = $1",
        )
        .bind(shop)
        .execute(&self.pool)
        .await
        .unwrap();
        assert_eq!(used.rows_affected(), 1);
    }

    /// How many events everybody could hear so far.
    pub(crate) async fn public_events(&self) -> i64 {
        sqlx::query_scalar(
            "SELECT coalesce(max(last), 0) FROM audience_sequences WHERE audience = 'public:reels'",
        )
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }

    /// Jobs that were committed and not yet handed over.
    pub(crate) async fn waiting_jobs(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM outbox WHERE kind = 'JOB'")
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    /// Keeps every relay from claiming anything, until the connection is closed.
    pub(crate) async fn hold_relays(&self) -> PgConnection {
        let mut holder = PgConnection::connect(&self.url).await.unwrap();
        // Events and jobs are claimed apart.
        sqlx::query("SELECT pg_advisory_lock($1, 1), pg_advisory_lock($1, 2)")
            .bind(CLAIM_LOCK)
            .execute(&mut holder)
            .await
            .unwrap();
        holder
    }
}
