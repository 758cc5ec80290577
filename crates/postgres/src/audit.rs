//! The table `audit_log`, which is only added to: the database refuses anything else.

use avvivo_domain::audit::{Actor, AuditAction, AuditEntry, SubjectKind};
use avvivo_kernel::{AccountId, Timestamp};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{Conn, DbError};

struct AuditRow {
    id: Uuid,
    at: Timestamp,
    actor_type: String,
    actor_account_id: Option<Uuid>,
    action: String,
    subject_kind: String,
    subject_id: Uuid,
    reason: Option<String>,
    before: Value,
    after: Value,
}

/// An entry that was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Its id.
    pub id: Uuid,
    /// What it says.
    pub entry: AuditEntry,
}

/// Which entries are wanted; what is not named does not matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// About this.
    pub subject: Option<Uuid>,
    /// By this account.
    pub actor: Option<AccountId>,
    /// Of this kind.
    pub action: Option<AuditAction>,
    /// Not older than this.
    pub since: Option<Timestamp>,
}

/// Writes an entry, in the transaction of what it is about.
pub async fn insert(conn: &mut Conn, id: Uuid, entry: &AuditEntry) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        INSERT INTO audit_log (
            id, at, actor_type, actor_account_id, action, subject_kind, subject_id, reason, before, after
        )
        VALUES ($1, $2, $3::text::audit_actor_type, $4, $5, $6::text::audit_subject_kind, $7, $8, $9, $10)
        "#,
        id,
        entry.at,
        entry.actor.as_str(),
        entry.actor.account_id().map(AccountId::as_uuid),
        entry.action.as_str(),
        entry.subject_kind.as_str(),
        entry.subject_id,
        entry.reason,
        Value::Object(entry.before.clone()),
        Value::Object(entry.after.clone()),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Selects entries by what follows the table.
macro_rules! entries {
    ($tail:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            AuditRow,
            r#"
            SELECT
                id,
                at,
                actor_type::text AS "actor_type!",
                actor_account_id,
                action,
                subject_kind::text AS "subject_kind!",
                subject_id,
                reason,
                before,
                after
            FROM audit_log
            "# + $tail
            $(, $argument)*
        )
    };
}

/// The newest `limit` of `filter`, older than `before` when that is given.
///
/// Each of the ways to ask has a statement of its own, so that each begins at its place in an index: of the subject, else of
/// the actor, else of the action, else of the time.
pub async fn list(
    conn: &mut Conn,
    filter: Filter,
    before: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Recorded>, DbError> {
    let (at, id) = before.unwrap_or((Timestamp::MAX_UTC, Uuid::max()));
    let since = filter.since.unwrap_or(Timestamp::UNIX_EPOCH);
    let actor = filter.actor.map(AccountId::as_uuid);
    let action = filter.action.map(AuditAction::as_str);
    let rows = match (filter.subject, actor, action) {
        (Some(subject), actor, action) => {
            entries!(
                "
                WHERE subject_id = $5 AND ($6::uuid IS NULL OR actor_account_id = $6) AND ($7::text IS NULL OR action = $7)
                AND (at, id) < ($1, $2) AND at >= $3 ORDER BY at DESC, id DESC LIMIT $4
                ",
                at, id, since, limit, subject, actor, action,
            )
            .fetch_all(conn)
            .await
        }
        (None, Some(actor), action) => {
            entries!(
                "
                WHERE actor_account_id = $5 AND ($6::text IS NULL OR action = $6)
                AND (at, id) < ($1, $2) AND at >= $3 ORDER BY at DESC, id DESC LIMIT $4
                ",
                at, id, since, limit, actor, action,
            )
            .fetch_all(conn)
            .await
        }
        (None, None, Some(action)) => {
            entries!(
                "
                WHERE action = $5
                AND (at, id) < ($1, $2) AND at >= $3 ORDER BY at DESC, id DESC LIMIT $4
                ",
                at, id, since, limit, action,
            )
            .fetch_all(conn)
            .await
        }
        (None, None, None) => {
            entries!(
                "WHERE (at, id) < ($1, $2) AND at >= $3 ORDER BY at DESC, id DESC LIMIT $4",
                at, id, since, limit,
            )
            .fetch_all(conn)
            .await
        }
    };
    rows?.into_iter().map(Recorded::try_from).collect()
}

impl TryFrom<AuditRow> for Recorded {
    type Error = DbError;

    fn try_from(row: AuditRow) -> Result<Self, DbError> {
        let broken = |column, value: &str| DbError::broken("audit_log", column, row.id, value);
        let entry = AuditEntry {
            action: AuditAction::parse(&row.action).ok_or_else(|| broken("action", &row.action))?,
            actor: Actor::parse(&row.actor_type, row.actor_account_id.map(AccountId::from))
                .ok_or_else(|| broken("actor_type", &row.actor_type))?,
            subject_kind: SubjectKind::parse(&row.subject_kind)
                .ok_or_else(|| broken("subject_kind", &row.subject_kind))?,
            subject_id: row.subject_id,
            at: row.at,
            reason: row.reason,
            before: fields(row.id, "before", row.before)?,
            after: fields(row.id, "after", row.after)?,
        };
        Ok(Self { id: row.id, entry })
    }
}

fn fields(id: Uuid, column: &'static str, value: Value) -> Result<Map<String, Value>, DbError> {
    match value {
        Value::Object(fields) => Ok(fields),
        other => Err(DbError::broken("audit_log", column, id, other)),
    }
}
