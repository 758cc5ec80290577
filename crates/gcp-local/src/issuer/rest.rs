//! Key sets for verifiers, tokens for people and tests.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::header::CACHE_CONTROL;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    FIREBASE_KEYS_PATH, FirebaseIdToken, GOOGLE_KEYS_PATH, GoogleIdToken, Issuer, Style, TokenError,
};
use crate::wire::{ApiError, Code};

/// How long verifiers may keep a key set, in Google's words. An hour instead of Google's six:
/// long enough to be cached, short enough that a reset server is believed again the same day.
const KEYS_LIFE: &str = "public, max-age=3600, must-revalidate, no-transform";

pub(super) fn routes(issuer: &Issuer) -> Router {
    Router::new()
        .route(GOOGLE_KEYS_PATH, get(google_keys))
        .route(FIREBASE_KEYS_PATH, get(firebase_keys))
        .route("/issuer/google/id-token", post(mint_google))
        .route("/issuer/firebase/id-token", post(mint_firebase))
        .route("/issuer/rotate", post(rotate))
        .with_state(issuer.clone())
}

#[derive(Serialize)]
struct Minted {
    id_token: String,
}

async fn google_keys(State(issuer): State<Issuer>) -> Result<Response, ApiError> {
    keys(&issuer, Style::Google)
}

async fn firebase_keys(State(issuer): State<Issuer>) -> Result<Response, ApiError> {
    keys(&issuer, Style::Firebase)
}

fn keys(issuer: &Issuer, style: Style) -> Result<Response, ApiError> {
    let published = issuer.published(style)?;
    Ok(([(CACHE_CONTROL, KEYS_LIFE)], Json(published)).into_response())
}

// The bodies must be declared as JSON: a page in a browser cannot send that across origins
// without asking first, and nobody answers the question.
async fn mint_google(
    State(issuer): State<Issuer>,
    Json(token): Json<GoogleIdToken>,
) -> Result<Json<Minted>, ApiError> {
    Ok(Json(Minted {
        id_token: issuer.mint_google(&token)?,
    }))
}

async fn mint_firebase(
    State(issuer): State<Issuer>,
    Json(token): Json<FirebaseIdToken>,
) -> Result<Json<Minted>, ApiError> {
    Ok(Json(Minted {
        id_token: issuer.firebase_id_token(&token)?,
    }))
}

async fn rotate(State(issuer): State<Issuer>) -> Result<Json<Value>, ApiError> {
    issuer.rotate().await?;
    let mut signing = Map::new();
    for style in Style::ALL {
        let keys = issuer.published(style)?.keys;
        let kid = keys.first().and_then(|key| key.common.key_id.clone());
        signing.insert(style.name().to_owned(), kid.into());
    }
    Ok(Json(Value::Object(signing)))
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Lifetime => Self::invalid(error.to_string()),
            TokenError::Signature | TokenError::Key => Self::new(Code::Internal, error.to_string()),
        }
    }
}
