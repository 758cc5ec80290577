//! Tickets that open one event stream (`realtime_tickets`).

use avvivo_domain::identity::TokenIdentity;
use avvivo_kernel::Timestamp;

use crate::{Conn, DbError};

/// A ticket as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Whom the token spoke for.
    pub identity: TokenIdentity,
    /// What the stream shall carry.
    pub topics: Vec<String>,
    /// Until when it may be used.
    pub expires_at: Timestamp,
}

/// Keeps a ticket under its hash.
pub async fn insert(conn: &mut Conn, hash: &[u8], ticket: &Ticket) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        INSERT INTO realtime_tickets (hash, uid, email, email_verified, token_expires_at, topics, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        "#,
        hash,
        ticket.identity.uid,
        ticket.identity.email.as_deref().unwrap_or_default(),
        ticket.identity.email_verified,
        ticket.identity.expires_at,
        &ticket.topics,
        ticket.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes a ticket: of two who come with it, one has it.
pub async fn take(conn: &mut Conn, hash: &[u8]) -> Result<Option<Ticket>, DbError> {
    let row = sqlx::query!(
        r#"
        DELETE FROM realtime_tickets
        WHERE hash = $1
        RETURNING uid, email, email_verified, token_expires_at, topics, expires_at
        "#,
        hash,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Ticket {
        identity: TokenIdentity {
            uid: row.uid,
            email: Some(row.email),
            email_verified: row.email_verified,
            expires_at: row.token_expires_at,
        },
        topics: row.topics,
        expires_at: row.expires_at,
    }))
}

/// Forgets tickets that nobody used in time, at most `limit`.
pub async fn forget_expired(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        DELETE FROM realtime_tickets
        WHERE hash IN (
            SELECT hash FROM realtime_tickets WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
        )
        "#,
        now,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(())
}
