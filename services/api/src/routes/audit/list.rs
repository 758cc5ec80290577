//! The entries, for administrators.

use avvivo_app::audit;
use avvivo_domain::{audit::AuditAction, fields::FieldError};
use avvivo_http_kit::{Problem, QueryParams, Reply, Require};
use avvivo_kernel::{
    AccountId, Timestamp,
    time::{from_wire, to_wire},
};
use avvivo_postgres::audit::{Filter, Recorded};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    caller::Admin,
    routes::{ProblemView, cursor, lenient},
    state::ApiState,
};

/// Which entries; what is not named does not matter.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// About this shop or account.
    #[param(value_type = Option<uuid::Uuid>)]
    subject_id: Option<String>,
    /// By this account.
    #[param(value_type = Option<uuid::Uuid>)]
    actor_id: Option<String>,
    /// Of this kind.
    #[param(example = "SHOP_ACTIVATED")]
    action: Option<String>,
    /// Not older than this.
    #[param(example = "2026-03-01T00:00:00Z")]
    from: Option<String>,
    /// Older than this.
    #[param(example = "2026-04-01T00:00:00Z")]
    to: Option<String>,
    /// How many: 100 unless said, from 1 to 500.
    #[param(value_type = Option<u32>, example = 100)]
    limit: Option<String>,
    /// Where to go on: the `X-Next-Cursor` of the page before.
    cursor: Option<String>,
}

/// A change that somebody may have to answer for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditEntry)]
pub(crate) struct EntryView {
    id: Uuid,
    #[schema(example = "2026-03-06T14:00:00.000Z")]
    at: String,
    #[schema(example = "ACCOUNT_ROLE_CHOSEN")]
    action: &'static str,
    /// `CLIENT`, `SHOP`, `ADMIN`, `ANONYMOUS` or `SYSTEM`.
    #[schema(example = "CLIENT")]
    actor_type: &'static str,
    #[schema(value_type = Option<uuid::Uuid>)]
    actor_id: Option<AccountId>,
    #[schema(example = "ACCOUNT")]
    subject_type: &'static str,
    subject_id: Uuid,
    reason: Option<String>,
    /// The fields that changed, as they were.
    #[schema(value_type = Object, example = json!({"role": "UNDEFINED"}))]
    before: Map<String, Value>,
    /// The same fields, as they are.
    #[schema(value_type = Object, example = json!({"role": "USER"}))]
    after: Map<String, Value>,
}

/// Who changed what
///
/// Newest first. A page that more may follow answers `X-Next-Cursor` for the next one.
#[utoipa::path(
    get,
    path = "/audit",
    operation_id = "list_audit_entries",
    tag = "audit",
    params(Query),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "A page of entries", body = [EntryView],
            headers(("X-Next-Cursor" = String, description = "Where the next page begins"))),
        (status = 400, description = "A filter cannot be meant, or the cursor is not one of ours", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    _: Require<Admin>,
    QueryParams(query): QueryParams<Query>,
) -> Result<Response, Problem> {
    let limit = lenient::limit(query.limit.as_deref(), 100, 1..=500);
    let filter = filter(&query)?;
    let until: Option<Timestamp> = meant("to", query.to.as_deref(), from_wire)?;
    let begin = cursor::read(query.cursor.as_deref())?;
    // What is older than a moment begins before every id of that moment.
    let before = begin
        .into_iter()
        .chain(until.map(|at| (at, Uuid::nil())))
        .min();
    let found = audit::list(&state.deps, filter, before, limit.into()).await?;
    let full = u32::try_from(found.len()).is_ok_and(|found| found >= limit);
    let last = found.last().filter(|_| full);
    let last = last.map(|last| (last.entry.at, last.id));
    let views: Vec<EntryView> = found.into_iter().map(Into::into).collect();
    Ok(cursor::write(Reply::ok(views).into_response(), last))
}

fn filter(query: &Query) -> Result<Filter, FieldError> {
    Ok(Filter {
        subject: meant("subjectId", query.subject_id.as_deref(), |text| {
            text.parse().ok()
        })?,
        actor: meant("actorId", query.actor_id.as_deref(), |text| {
            text.parse().ok()
        })?,
        action: meant("action", query.action.as_deref(), AuditAction::parse)?,
        since: meant("from", query.from.as_deref(), from_wire)?,
    })
}

/// A filter that is there has to be one; blank is none.
fn meant<T>(
    field: &'static str,
    text: Option<&str>,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, FieldError> {
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => read(text).map(Some).ok_or(FieldError::Wrong { field }),
        None => Ok(None),
    }
}

impl From<Recorded> for EntryView {
    fn from(recorded: Recorded) -> Self {
        let entry = recorded.entry;
        Self {
            id: recorded.id,
            at: to_wire(entry.at),
            action: entry.action.as_str(),
            actor_type: entry.actor.as_str(),
            actor_id: entry.actor.account_id(),
            subject_type: entry.subject_kind.as_str(),
            subject_id: entry.subject_id,
            reason: entry.reason,
            before: entry.before,
            after: entry.after,
        }
    }
}
