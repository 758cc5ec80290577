//! Publishing a reel.

use avvivo_app::{
    AppError,
    reels::create_reel::{self, CreateReel},
};
use avvivo_domain::{
    identity::{AccessError, Caller},
    reels::{
        Platform, ReelError, ReelType, create::duration_seconds, editor_state::without_worker_keys,
    },
};
use avvivo_http_kit::{JsonBody, Problem, Reply, Require};
use avvivo_kernel::ShopId;
use axum::extract::State;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::views::OwnerReelView;
use crate::{
    caller::Publisher,
    routes::{ProblemView, idempotency},
    state::ApiState,
};

/// What a client asks for. Unknown fields are ignored, `status` and `processingJobId` among them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewReel)]
pub(crate) struct Body {
    shop_id: Option<String>,
    /// `PHOTO_SET`; anything else is a video.
    r#type: Option<String>,
    /// The `publicUrl` that confirming the upload answered.
    video_url: Option<String>,
    /// The same for photos, one to five.
    photo_urls: Option<Vec<Option<String>>>,
    thumbnail_url: Option<String>,
    /// From 5 to 17; 10 unless said.
    #[schema(value_type = Option<f64>)]
    duration_seconds: Option<Value>,
    /// `Instagram`, `TikTok`, `Facebook` or `YouTube`; `Instagram` unless said.
    platform: Option<String>,
    /// At most 48 characters are kept.
    preset_label: Option<String>,
    /// The editor's state, kept as it is.
    #[schema(value_type = Option<Object>)]
    editor_state: Option<Value>,
    /// Administrators publish without quota and rules unless they say `false`.
    is_admin_override: Option<bool>,
}

/// Publishes a reel
///
/// The reel is rendered first: poll its status, or listen for `reel:status`. The same `Idempotency-Key` gives the same reel.
#[utoipa::path(
    post,
    path = "/reels",
    operation_id = "create_reel",
    tag = "reels",
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key gives the same reel")),
    request_body = Body,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The reel, waiting to be rendered", body = OwnerReelView),
        (status = 400, description = "The reel's rules refuse it", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not this shop's owner", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such shop", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "Another reel of the shop is being rendered", body = ProblemView, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = ProblemView, content_type = "application/problem+json"),
        (status = 503, description = "Something we need is away", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Require(Publisher(caller)): Require<Publisher>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<OwnerReelView>, Problem> {
    let command = command(caller, &headers, body)?;
    let created = create_reel::run(&state.deps, command).await?;
    Ok(Reply::ok(OwnerReelView::at(
        state.deps.clock.now(),
        created,
    )))
}

fn command(caller: Caller, headers: &HeaderMap, body: Body) -> Result<CreateReel, AppError> {
    let shop = shop(&caller, body.shop_id.as_deref())?;
    Ok(CreateReel {
        shop,
        kind: if body.r#type.as_deref() == Some("PHOTO_SET") {
            ReelType::PhotoSet
        } else {
            ReelType::Video
        },
        video_url: body.video_url,
        photo_urls: body
            .photo_urls
            .unwrap_or_default()
            .into_iter()
            .flatten()
            .collect(),
        thumbnail_url: body.thumbnail_url.filter(|url| !url.is_empty()),
        duration_seconds: duration_seconds(seconds(body.duration_seconds.as_ref())?),
        platform: body
            .platform
            .as_deref()
            .and_then(Platform::parse)
            .unwrap_or(Platform::Instagram),
        preset_label: body.preset_label,
        // Read here if it came as text, so that an overlay it names is found.
        editor_state: body
            .editor_state
            .filter(|state| !state.is_null())
            .map(without_worker_keys),
        admin_override: body.is_admin_override.unwrap_or(true) && caller.is_admin(),
        idempotency_key: idempotency::key(headers).map_err(|_| ReelError::InvalidField {
            field: "Idempotency-Key",
        })?,
        caller,
    })
}

fn shop(caller: &Caller, named: Option<&str>) -> Result<ShopId, AppError> {
    match named.map(str::parse) {
        Some(Ok(shop)) => Ok(shop),
        Some(Err(_)) if caller.is_admin() => Err(ReelError::ShopNotFound.into()),
        None if caller.is_admin() => Err(ReelError::InvalidField { field: "shopId" }.into()),
        // Whatever they meant, it is not their own shop.
        Some(Err(_)) | None => Err(AccessError::NotYours.into()),
    }
}

/// Numbers, and numbers written as text. Anything else cannot be meant.
fn seconds(sent: Option<&Value>) -> Result<Option<f64>, ReelError> {
    let invalid = ReelError::InvalidField {
        field: "durationSeconds",
    };
    match sent {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => Ok(number.as_f64()),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => {
            let read = text
                .trim()
                .parse::<f64>()
                .ok()
                .filter(|seconds| seconds.is_finite());
            read.map(Some).ok_or(invalid)
        }
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => Err(invalid),
    }
}
