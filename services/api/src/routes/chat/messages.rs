//! Reading a conversation, page by page from its end.

use avvivo_app::{
    AppError,
    chat::{Participant, list_messages},
};
use avvivo_domain::chat::ChatError;
use avvivo_http_kit::{PathParams, Problem, QueryParams, Reply, Require};
use avvivo_kernel::{ConversationId, Timestamp, time::from_wire};
use avvivo_postgres::chat::messages::Before;
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    access::{ConversationPath, Seller},
    refused,
    views::MessageView,
    with_cursor,
};
use crate::{
    caller::Client,
    routes::{ProblemView, lenient},
    state::ApiState,
};

const X_NEXT_CURSOR: HeaderName = HeaderName::from_static("x-next-cursor");

/// A page of messages, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatMessages)]
pub(crate) struct PageView {
    items: Vec<MessageView>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// How many: 40 unless said, from 1 to 100.
    #[param(value_type = Option<u32>, example = 40)]
    limit: Option<String>,
    /// Only messages before this moment, as old clients page. Messages of the same moment may be left out: page by
    /// `cursor` instead.
    before: Option<String>,
    /// Where to go on: the `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// For shops: the caller's own shop; it need not be named.
    shop_id: Option<String>,
}

impl Wanted {
    fn before(&self) -> Result<Before, AppError> {
        if let Some(cursor) = self.cursor.as_deref().filter(|cursor| !cursor.is_empty()) {
            return Ok(Before::Sequence(
                decode(cursor).ok_or(ChatError::BadCursor)?,
            ));
        }
        // What is no date has always been passed over.
        let moment = self.before.as_deref().and_then(moment);
        Ok(moment.map_or(Before::End, Before::Moment))
    }

    fn limit(&self) -> u32 {
        lenient::limit(self.limit.as_deref(), 40, 1..=100)
    }
}

fn moment(text: &str) -> Option<Timestamp> {
    from_wire(text.trim())
}

fn encode(sequence: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("m{sequence}"))
}

fn decode(cursor: &str) -> Option<i64> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    text.strip_prefix('m')?.parse().ok()
}

/// A client reads a conversation
///
/// The newest messages first, each page from its oldest to its newest. Reading marks nothing as read.
#[utoipa::path(
    get,
    path = "/chat/client/conversations/{conversationId}/messages",
    operation_id = "list_client_messages",
    tag = "chat",
    params(("conversationId" = String, Path, description = "The conversation"), Wanted),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "A page", body = PageView, headers(
            ("X-Next-Cursor" = String, description = "Where the page before this one ends"),
            ("X-Realtime-Cursor" = String, description = "Where the event stream goes on after this page"),
        )),
        (status = 400, description = "No such conversation, or a cursor that is not ours", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not a client", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn of_client(
    State(state): State<ApiState>,
    Require(Client(account)): Require<Client>,
    PathParams(path): PathParams<ConversationPath>,
    QueryParams(wanted): QueryParams<Wanted>,
) -> Result<Response, Problem> {
    let who = Participant::client(account);
    page(&state, who, path.id(), &wanted).await.map_err(refused)
}

/// A shop reads a conversation
///
/// The newest messages first, each page from its oldest to its newest. Reading marks nothing as read.
#[utoipa::path(
    get,
    path = "/chat/shop/conversations/{conversationId}/messages",
    operation_id = "list_shop_messages",
    tag = "chat",
    params(("conversationId" = String, Path, description = "The conversation"), Wanted),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "A page", body = PageView, headers(
            ("X-Next-Cursor" = String, description = "Where the page before this one ends"),
            ("X-Realtime-Cursor" = String, description = "Where the event stream goes on after this page"),
        )),
        (status = 400, description = "No such conversation, another's shop, or a cursor that is not ours", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an open shop", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn of_shop(
    State(state): State<ApiState>,
    Require(seller): Require<Seller>,
    PathParams(path): PathParams<ConversationPath>,
    QueryParams(wanted): QueryParams<Wanted>,
) -> Result<Response, Problem> {
    let who = seller
        .participant(wanted.shop_id.as_deref())
        .map_err(refused)?;
    page(&state, who, path.id(), &wanted).await.map_err(refused)
}

async fn page(
    state: &ApiState,
    who: Participant,
    conversation: Result<ConversationId, AppError>,
    wanted: &Wanted,
) -> Result<Response, AppError> {
    let ends = (wanted.before()?, wanted.limit());
    let found = list_messages::run(&state.deps, who, conversation?, ends).await?;
    let page = found.answer;
    let next = page.messages.first().filter(|_| page.has_more);
    let next = next.map(|oldest| encode(oldest.sequence));
    let items = page
        .messages
        .into_iter()
        .map(|message| MessageView::of(message, who.account))
        .collect();
    let mut response = Reply::ok(PageView { items }).into_response();
    if let Some(next) = next.and_then(|cursor| HeaderValue::try_from(cursor).ok()) {
        response.headers_mut().insert(X_NEXT_CURSOR, next);
    }
    Ok(with_cursor(response, &found.cursor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_as_they_went_and_nonsense_does_not() {
        assert_eq!(decode(&encode(42)), Some(42));
        for nonsense in ["", "%", "AAAA", "MQ"] {
            assert_eq!(decode(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn dates_are_read_as_clients_write_them() {
        assert!(moment("2026-03-10T14:25:10.892Z").is_some());
        assert!(moment("2026-03-10T11:25:10.892-03:00").is_some());
        assert_eq!(moment("ayer"), None);
    }
}
