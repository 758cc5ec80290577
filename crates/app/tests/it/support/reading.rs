//! What is left behind, read back.

use avvivo_app::AppError;
use avvivo_contracts::{
    audience::Audience,
    events::v1::{Event, event::Payload},
    jobs::v1::RenderReel,
};
use avvivo_domain::{quota::ReelWallet, reels::Reel};
use avvivo_kernel::{Fault as _, ReelId, Timestamp};
use avvivo_ports::ObjectStore as _;
use avvivo_postgres::{reels, wallets};
use chrono::TimeDelta;
use prost::Message as _;
use uuid::Uuid;

use super::{Shop, World};

impl World {
    pub(crate) async fn find(&self, reel: ReelId) -> Option<Reel> {
        let mut conn = self.deps.db.acquire().await.unwrap();
        reels::find(&mut conn, reel).await.unwrap()
    }

    pub(crate) async fn reel(&self, reel: ReelId) -> Reel {
        self.find(reel).await.unwrap()
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql)
            .fetch_one(self.pool())
            .await
            .unwrap()
    }

    pub(crate) async fn wallet(&self, shop: &Shop) -> ReelWallet {
        let mut tx = self.begin().await;
        wallets::lock_reels(&mut tx, shop.id).await.unwrap()
    }

    /// What the old lists show of the quota.
    pub(crate) async fn shown_quota(&self, shop: &Shop) -> i32 {
        sqlx::query_scalar("SELECT reel_quota FROM shops WHERE id = $1")
            .bind(shop.id.as_uuid())
            .fetch_one(self.pool())
            .await
            .unwrap()
    }

    /// The ledger in the order of writing: `DEBIT PLAN_BASE` and the reel.
    pub(crate) async fn ledger(&self) -> Vec<(String, ReelId)> {
        let sql =
            "SELECT direction || ' ' || reason, ref_id FROM quota_ledger ORDER BY created_at, id";
        let rows: Vec<(String, Uuid)> = sqlx::query_as(sql).fetch_all(self.pool()).await.unwrap();
        rows.into_iter()
            .map(|(what, reel)| (what, reel.into()))
            .collect()
    }

    /// The jobs in the outbox, oldest first.
    pub(crate) async fn jobs(&self) -> Vec<(String, RenderReel)> {
        let sql = "SELECT job_name, payload FROM outbox WHERE kind = 'JOB' ORDER BY position";
        let rows: Vec<(String, Vec<u8>)> =
            sqlx::query_as(sql).fetch_all(self.pool()).await.unwrap();
        rows.into_iter()
            .map(|(name, payload)| (name, RenderReel::decode(payload.as_slice()).unwrap()))
            .collect()
    }

    /// The events of an audience in the outbox, oldest first.
    pub(crate) async fn events(&self, audience: Audience) -> Vec<Event> {
        let sql = "SELECT payload FROM outbox WHERE kind = 'EVENT' AND destination = $1 ORDER BY position";
        let rows: Vec<Vec<u8>> = sqlx::query_scalar(sql)
            .bind(audience.to_string())
            .fetch_all(self.pool())
            .await
            .unwrap();
        rows.into_iter()
            .map(|payload| Event::decode(payload.as_slice()).unwrap())
            .collect()
    }

    /// What a shop is told of its reels: `ACTIVE DONE 100`, and the code of a failure.
    pub(crate) async fn told(&self, shop: &Shop) -> Vec<String> {
        words(&self.events(Audience::Shop(shop.id)).await)
    }

    /// What everybody is told.
    pub(crate) async fn told_everybody(&self) -> Vec<String> {
        words(&self.events(Audience::PublicReels).await)
    }

    /// The objects that are to be deleted, with the time they have left.
    pub(crate) async fn tombstones(&self) -> Vec<(String, TimeDelta)> {
        let sql = "SELECT path, delete_after FROM object_tombstones ORDER BY path";
        let rows: Vec<(String, Timestamp)> =
            sqlx::query_as(sql).fetch_all(self.pool()).await.unwrap();
        rows.into_iter()
            .map(|(path, after)| (path, after - self.now()))
            .collect()
    }

    /// The objects there are.
    pub(crate) async fn objects(&self) -> Vec<String> {
        let paths = self.store.list("", 1_000).await.unwrap();
        paths
            .into_iter()
            .map(|path| path.as_str().to_owned())
            .collect()
    }
}

/// Events in a few words each.
pub(crate) fn words(events: &[Event]) -> Vec<String> {
    let word = |event: &Event| match event.payload.as_ref().unwrap() {
        Payload::ReelStatusChanged(news) => [
            news.status.as_str(),
            &news.stage,
            &news.progress.to_string(),
            &news.error_code,
        ]
        .join(" ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" "),
        Payload::ReelPublished(_) => "published".to_owned(),
        Payload::ReelWithdrawn(_) => "withdrawn".to_owned(),
        Payload::ChatMessageSent(sent) => format!("said to {}", sent.recipient),
        Payload::ChatRead(read) => format!("read by {}", read.reader),
        Payload::ChatTyping(typing) => {
            format!("typing by {} for {}", typing.side, typing.expires_in_ms)
        }
        Payload::AccessChanged(_) => "access changed".to_owned(),
        Payload::ShopChanged(_) => "shop changed".to_owned(),
    };
    events.iter().map(word).collect()
}

/// The code of what was refused.
pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, AppError>) -> &'static str {
    result.unwrap_err().code()
}
