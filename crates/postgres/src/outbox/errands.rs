//! Errands: what a commit wants done by somebody outside, who may be away for hours: a mail to be sent, an address to be
//! found on the map.

use avvivo_kernel::{EventId, Timestamp};

use super::Written;
use crate::{Conn, DbError, Transaction};

/// What kind of errand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    /// A mail to be sent.
    Mail,
    /// An address to be found on the map.
    Place,
}

impl Errand {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::Mail, Self::Place];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "MAIL",
            Self::Place => "PLACE",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|errand| errand.as_str() == word)
    }
}

/// An errand to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewErrand {
    /// The row's id.
    pub id: EventId,
    /// What kind.
    pub errand: Errand,
    /// What it is about, for people who look: no address and no secret.
    pub about: String,
    /// What whoever runs it is told.
    pub payload: Vec<u8>,
    /// W3C trace context of what made it necessary.
    pub traceparent: Option<String>,
}

/// Writes an errand.
pub async fn push(tx: &mut Transaction, errand: &NewErrand, now: Timestamp) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        INSERT INTO outbox (id, kind, destination, payload, traceparent, created_at, next_attempt_at)
        VALUES ($1, $2::text::outbox_kind, $3, $4, $5, $6, $6)
        "#,
        errand.id.as_uuid(),
        errand.errand.as_str(),
        errand.about,
        errand.payload,
        errand.traceparent,
        now,
    )
    .execute(&mut **tx)
    .await?;
    tx.note(Written {
        errands: true,
        ..Written::default()
    });
    Ok(())
}

/// How many of a kind wait, counted up to `most`.
pub async fn waiting(conn: &mut Conn, errand: Errand, most: i64) -> Result<i64, DbError> {
    let count = sqlx::query_scalar!(
        r#"
        SELECT count(*) AS "count!"
        FROM (
            SELECT 1 FROM outbox WHERE kind = $1::text::outbox_kind AND refused_at IS NULL LIMIT $2
        ) AS waiting
        "#,
        errand.as_str(),
        most,
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// Replaces what an errand says, for whoever claimed it with `attempts` and still holds it. Whether they did.
pub async fn rewrite(
    conn: &mut Conn,
    id: EventId,
    attempts: u32,
    payload: &[u8],
) -> Result<bool, DbError> {
    let done = sqlx::query!(
        "UPDATE outbox SET payload = $3 WHERE id = $1 AND attempts = $2",
        id.as_uuid(),
        i32::try_from(attempts).unwrap_or(i32::MAX),
        payload,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}
