//! The metadata server, as far as client libraries ask it for an identity.
//!
//! `GCE_METADATA_HOST=127.0.0.1:8085` makes this server's default account of a process;
//! `GCE_METADATA_HOST=127.0.0.1:8085/as/api@example.iam.gserviceaccount.com` makes it that
//! account, so that services on one machine can differ as they do in production.

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;

use super::Issuer;

const FLAVOR: HeaderName = HeaderName::from_static("metadata-flavor");
const GOOGLE: HeaderValue = HeaderValue::from_static("Google");

/// Life of an access token, as the real server reports it.
const ACCESS_TOKEN_SECONDS: u32 = 3599;

pub(super) fn routes(issuer: &Issuer) -> Router {
    let tree = || {
        Router::new()
            .route(
                "/instance/service-accounts/{account}/identity",
                get(identity),
            )
            .route(
                "/instance/service-accounts/{account}/token",
                get(access_token),
            )
            .route("/instance/service-accounts/{account}/email", get(email))
            .route("/project/project-id", get(project))
            .route("/universe/universe-domain", get(universe))
    };
    Router::new()
        .nest("/computeMetadata/v1", tree())
        .nest("/as/{identity}/computeMetadata/v1", tree())
        .layer(from_fn(guard))
        .with_state(issuer.clone())
}

/// Requests must say that they mean the metadata server, so that a page or a proxy that was
/// tricked into sending one gets nothing; answers say that they come from it.
async fn guard(request: Request, next: Next) -> Response {
    let meant = request.headers().get(&FLAVOR) == Some(&GOOGLE);
    let forwarded = request.headers().contains_key("x-forwarded-for");
    let mut answer = if meant && !forwarded {
        next.run(request).await
    } else {
        (
            StatusCode::FORBIDDEN,
            "Missing Metadata-Flavor:Google header.",
        )
            .into_response()
    };
    answer.headers_mut().insert(FLAVOR, GOOGLE);
    answer
}

/// The segments of the path; `identity` is there only below `/as/…`.
#[derive(Deserialize)]
struct Segments {
    identity: Option<String>,
    account: String,
}

impl Segments {
    fn email(self, issuer: &Issuer) -> String {
        if self.account != "default" {
            return self.account;
        }
        let own = || format!("gcp-local@{}.iam.gserviceaccount.com", issuer.inner.project);
        self.identity.unwrap_or_else(own)
    }
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    audience: String,
}

async fn identity(
    State(issuer): State<Issuer>,
    Path(path): Path<Segments>,
    Query(wanted): Query<Wanted>,
) -> Response {
    if wanted.audience.is_empty() {
        return (
            StatusCode::BAD_REQUEST,
            "non-empty audience parameter required",
        )
            .into_response();
    }
    match issuer.google_id_token(&path.email(&issuer), &wanted.audience) {
        Ok(token) => token.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn access_token(State(issuer): State<Issuer>) -> Response {
    axum::Json(serde_json::json!({
        "access_token": issuer.access_token(),
        "expires_in": ACCESS_TOKEN_SECONDS,
        "token_type": "Bearer",
    }))
    .into_response()
}

async fn email(State(issuer): State<Issuer>, Path(path): Path<Segments>) -> String {
    path.email(&issuer)
}

async fn project(State(issuer): State<Issuer>) -> String {
    issuer.inner.project.as_ref().to_owned()
}

async fn universe() -> &'static str {
    "googleapis.com"
}
