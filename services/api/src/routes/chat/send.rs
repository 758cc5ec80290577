//! Saying something.

use avvivo_app::{
    AppError,
    chat::{Participant, send_message},
};
use avvivo_domain::chat::Fields;
use avvivo_http_kit::{Bucket, JsonBody, PathParams, Problem, QueryParams, Reply, Require};
use avvivo_kernel::ConversationId;
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::HeaderMap;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    access::{ConversationPath, Scope, Seller},
    refused,
    views::MessageView,
    with_cursor,
};
use crate::{
    caller::Client,
    routes::{ProblemView, idempotency},
    state::ApiState,
};

/// What is said. Fields of the wrong type count as absent, as they always have.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChatMessageRequest)]
pub(crate) struct Body {
    /// Up to 2,000 characters.
    #[schema(value_type = Option<String>)]
    content: Option<Value>,
    /// `TEXT`, `IMAGE` or `VIDEO`, in any case; anything else follows from the files.
    #[schema(value_type = Option<String>)]
    message_type: Option<Value>,
    /// Up to four: `{kind, url, sizeBytes?, durationSeconds?, width?, height?}`.
    #[schema(value_type = Option<Vec<Object>>)]
    attachments: Option<Value>,
    /// For shops: the caller's own shop; it need not be named.
    #[schema(value_type = Option<String>)]
    shop_id: Option<Value>,
}

impl Body {
    fn fields(self) -> Fields {
        let text = |value: Option<Value>| match value {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        Fields {
            content: text(self.content),
            kind: text(self.message_type),
            attachments: match self.attachments {
                Some(Value::Array(files)) => files,
                _ => Vec::new(),
            },
        }
    }
}

/// A client says something
///
/// The same `Idempotency-Key` gives the same message.
#[utoipa::path(
    post,
    path = "/chat/client/conversations/{conversationId}/messages",
    operation_id = "send_client_message",
    tag = "chat",
    params(
        ("conversationId" = String, Path, description = "The conversation"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key gives the same message"),
    ),
    request_body = Body,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The message", body = MessageView,
            headers(("X-Realtime-Cursor" = String, description = "Where the event stream goes on after this message"))),
        (status = 400, description = "It cannot be said, or not there", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not a client", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many messages", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn by_client(
    State(state): State<ApiState>,
    Require(Client(account)): Require<Client>,
    PathParams(path): PathParams<ConversationPath>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Body>,
) -> Result<Response, Problem> {
    let who = Participant::client(account);
    send(&state, who, path.id(), (&headers, body)).await
}

/// A shop says something
///
/// The same `Idempotency-Key` gives the same message.
#[utoipa::path(
    post,
    path = "/chat/shop/conversations/{conversationId}/messages",
    operation_id = "send_shop_message",
    tag = "chat",
    params(
        ("conversationId" = String, Path, description = "The conversation"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key gives the same message"),
        Scope,
    ),
    request_body = Body,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The message", body = MessageView,
            headers(("X-Realtime-Cursor" = String, description = "Where the event stream goes on after this message"))),
        (status = 400, description = "It cannot be said, or not there, or not by this shop", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an open shop", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many messages", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn by_shop(
    State(state): State<ApiState>,
    Require(seller): Require<Seller>,
    PathParams(path): PathParams<ConversationPath>,
    QueryParams(scope): QueryParams<Scope>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Body>,
) -> Result<Response, Problem> {
    let in_body = body.shop_id.as_ref().and_then(Value::as_str);
    let who = seller
        .participant(scope.shop_id.as_deref().or(in_body))
        .map_err(refused)?;
    send(&state, who, path.id(), (&headers, body)).await
}

async fn send(
    state: &ApiState,
    who: Participant,
    conversation: Result<ConversationId, AppError>,
    (headers, body): (&HeaderMap, Body),
) -> Result<Response, Problem> {
    let bucket = Bucket {
        namespace: "chat",
        key: &who.account.to_string(),
    };
    let refusal = "Mandaste muchos mensajes seguidos. Esperá unos segundos y seguí.";
    state.chat_limit.enforce(bucket, refusal).await?;
    let command = send_message::SendMessage {
        who,
        conversation: conversation.map_err(refused)?,
        fields: body.fields(),
        idempotency_key: idempotency::key(headers)?,
    };
    let sent = send_message::run(&state.deps, command)
        .await
        .map_err(refused)?;
    let view = MessageView::of(sent.answer, who.account);
    Ok(with_cursor(Reply::ok(view).into_response(), &sent.cursor))
}
