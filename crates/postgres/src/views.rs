//! Who has seen which reel.

use avvivo_kernel::{AccountId, ReelId, Timestamp};
use uuid::Uuid;

use crate::{Conn, DbError};

/// A view that was counted earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlierView {
    /// The view's own id.
    pub id: Uuid,
    /// When.
    pub seen_at: Timestamp,
}

/// What became of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is the account's first of this reel, and counts.
    First,
    /// It was counted before.
    Again(EarlierView),
    /// There is no such reel.
    NoSuchReel,
}

/// Counts a view once an account, in one statement: the row and the counter move together or not at all.
pub async fn record(
    conn: &mut Conn,
    view: Uuid,
    (reel, account): (ReelId, AccountId),
    now: Timestamp,
) -> Result<Recorded, DbError> {
    let row = sqlx::query!(
        r#"
        WITH wanted AS (
            SELECT id FROM reels WHERE id = $2
        ),
        first AS (
            INSERT INTO reel_views (id, reel_id, account_id, seen_at)
            SELECT $1, id, $3, $4 FROM wanted
            ON CONFLICT (account_id, reel_id) DO NOTHING
            RETURNING reel_id
        ),
        counted AS (
            UPDATE reels SET views = views + 1 WHERE id IN (SELECT reel_id FROM first) RETURNING id
        )
        SELECT
            EXISTS (SELECT 1 FROM wanted) AS "known!",
            EXISTS (SELECT 1 FROM counted) AS "counted!"
        "#,
        view,
        reel.as_uuid(),
        account.as_uuid(),
        now,
    )
    .fetch_one(&mut *conn)
    .await;
    let row = match row.map_err(DbError::from) {
        // It was deleted while this view was on its way.
        Err(error) if error.violates("reel_views_reel_id_fkey") => return Ok(Recorded::NoSuchReel),
        row => row?,
    };
    match (row.known, row.counted) {
        (false, _) => Ok(Recorded::NoSuchReel),
        (true, true) => Ok(Recorded::First),
        (true, false) => {
            let earlier = sqlx::query_as!(
                EarlierView,
                "SELECT id, seen_at FROM reel_views WHERE account_id = $1 AND reel_id = $2",
                account.as_uuid(),
                reel.as_uuid(),
            )
            .fetch_optional(conn)
            .await?;
            Ok(earlier.map_or(Recorded::NoSuchReel, Recorded::Again))
        }
    }
}
