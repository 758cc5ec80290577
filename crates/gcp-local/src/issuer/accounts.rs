//! People of Firebase projects, as Firebase's Admin SDKs administer them through Identity Toolkit: made, looked up, and given
//! links that prove an address. Nobody signs in here, so a password is checked and kept nowhere.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta, Utc};
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Issuer;
use super::rows::{self, AccountRow, CodeRow, Made};
use crate::store::StoreError;
use crate::wire::{ApiError, Code};

/// Where links lead, as at Firebase's own emulator.
const ACTION_PATH: &str = "/emulator/action";

/// A component of a query, as browsers write it.
const COMPONENT: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Firebase's least.
const MIN_PASSWORD_CHARS: usize = 6;

/// Looked up at once, as at Google.
const MAX_LOOKED_UP: usize = 100;

pub(super) fn routes(issuer: &Issuer) -> Router {
    let path = "/identitytoolkit.googleapis.com/v1/projects/{project}/{method}";
    Router::new()
        .route(path, post(call))
        .with_state(issuer.clone())
}

/// What people open in their browsers.
pub(super) fn pages(issuer: &Issuer) -> Router {
    Router::new()
        .route(ACTION_PATH, get(redeem))
        .with_state(issuer.clone())
}

/// An answer that is not a success, with the one word that clients look at.
enum Refusal {
    Unauthenticated,
    /// 400 with this word.
    Because(&'static str),
    Other(ApiError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, word) = match self {
            Self::Other(error) => return error.into_response(),
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
            Self::Because(word) => (StatusCode::BAD_REQUEST, word),
        };
        let body = json!({ "error": {
            "code": status.as_u16(),
            "message": word,
            "errors": [{ "message": word, "domain": "global", "reason": "invalid" }],
        }});
        (status, Json(body)).into_response()
    }
}

async fn call(
    State(issuer): State<Issuer>,
    Path((project, method)): Path<(String, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Json<Value>, Refusal> {
    // Whose token it is nobody asks, here as everywhere; that there is one is what clients forget.
    let token = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if !token.is_some_and(|token| token.starts_with("Bearer ")) {
        return Err(Refusal::Unauthenticated);
    }
    match method.as_str() {
        "accounts" => create(&issuer, project, read(body)?).await,
        "accounts:lookup" => lookup(&issuer, project, read(body)?).await,
        "accounts:sendOobCode" => send_oob_code(&issuer, project, read(body)?).await,
        _ => {
            let what = format!("{method} is not served here.");
            Err(Refusal::Other(ApiError::unimplemented(what)))
        }
    }
}

fn read<T: for<'de> Deserialize<'de>>(body: Value) -> Result<T, Refusal> {
    serde_json::from_value(body)
        .map_err(|error| Refusal::Other(ApiError::invalid(error.to_string())))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewAccount {
    local_id: Option<String>,
    email: String,
    password: Option<String>,
    #[serde(default)]
    email_verified: bool,
    #[serde(default)]
    disabled: bool,
}

async fn create(issuer: &Issuer, project: String, new: NewAccount) -> Result<Json<Value>, Refusal> {
    let email = address(&new.email)?;
    let password = new.password.as_ref().map(|it| it.chars().count());
    if password.is_some_and(|chars| chars < MIN_PASSWORD_CHARS) {
        return Err(Refusal::Because(
            "WEAK_PASSWORD : Password should be at least 6 characters",
        ));
    }
    let account = AccountRow {
        uid: new
            .local_id
            .unwrap_or_else(|| format!("{:028x}", rand::random::<u128>() >> 16)),
        email,
        email_verified: new.email_verified,
        disabled: new.disabled,
        created_at: issuer.inner.clock.now(),
    };
    let answer = json!({
        "kind": "identitytoolkit#SignupNewUserResponse",
        "localId": account.uid,
        "email": account.email,
    });
    let made = issuer
        .inner
        .store
        .write(move |db| rows::make_account(db, &project, &account));
    match made.await? {
        Made::Kept => Ok(Json(answer)),
        Made::EmailTaken => Err(Refusal::Because("EMAIL_EXISTS")),
        Made::UidTaken => Err(Refusal::Because("DUPLICATE_LOCAL_ID")),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LookedUp {
    #[serde(default)]
    email: Vec<String>,
    #[serde(default)]
    local_id: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    local_id: String,
    email: String,
    email_verified: bool,
    disabled: bool,
    /// Milliseconds, as text.
    created_at: String,
}

async fn lookup(
    issuer: &Issuer,
    project: String,
    wanted: LookedUp,
) -> Result<Json<Value>, Refusal> {
    if wanted.email.len() + wanted.local_id.len() > MAX_LOOKED_UP {
        return Err(Refusal::Because("INVALID_ARGUMENT"));
    }
    let emails: Vec<_> = wanted.email.iter().map(|it| it.to_lowercase()).collect();
    let uids = wanted.local_id;
    let found = issuer
        .inner
        .store
        .read(move |db| rows::accounts(db, &project, &emails, &uids))
        .await?;
    let users: Vec<_> = found
        .into_iter()
        .map(|account| Account {
            local_id: account.uid,
            email: account.email,
            email_verified: account.email_verified,
            disabled: account.disabled,
            created_at: account.created_at.timestamp_millis().to_string(),
        })
        .collect();
    let kind = "identitytoolkit#GetAccountInfoResponse";
    // Nobody found is an answer without the list.
    Ok(Json(if users.is_empty() {
        json!({ "kind": kind })
    } else {
        json!({ "kind": kind, "users": users })
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LinkWanted {
    request_type: String,
    email: String,
    #[serde(default)]
    return_oob_link: bool,
    continue_url: Option<String>,
}

/// What a link is for.
#[derive(Clone, Copy)]
enum Purpose {
    ResetPassword,
    VerifyEmail,
}

impl Purpose {
    fn of(request_type: &str) -> Option<Self> {
        match request_type {
            "PASSWORD_RESET" => Some(Self::ResetPassword),
            "VERIFY_EMAIL" => Some(Self::VerifyEmail),
            _ => None,
        }
    }

    fn mode(self) -> &'static str {
        match self {
            Self::ResetPassword => "resetPassword",
            Self::VerifyEmail => "verifyEmail",
        }
    }

    /// How long a link is good for, at Google too.
    fn life(self) -> TimeDelta {
        match self {
            Self::ResetPassword => TimeDelta::hours(1),
            Self::VerifyEmail => TimeDelta::days(3),
        }
    }
}

async fn send_oob_code(
    issuer: &Issuer,
    project: String,
    wanted: LinkWanted,
) -> Result<Json<Value>, Refusal> {
    let purpose = Purpose::of(&wanted.request_type);
    let purpose = purpose.ok_or(Refusal::Because("INVALID_REQ_TYPE"))?;
    if !wanted.return_oob_link {
        let why = "This server sends no mails: ask with returnOobLink.";
        return Err(Refusal::Other(ApiError::unimplemented(why)));
    }
    let email = address(&wanted.email)?;
    let now = issuer.inner.clock.now();
    let code = format!(
        "{:032x}{:032x}",
        rand::random::<u128>(),
        rand::random::<u128>()
    );
    let row = CodeRow {
        code: code.clone(),
        project,
        email: email.clone(),
        expires_at: now + purpose.life(),
    };
    let link = link(issuer, purpose, &code, wanted.continue_url.as_deref());
    let account = issuer
        .inner
        .store
        .write(move |db| rows::keep_code(db, &row, now))
        .await?;
    match account {
        None => Err(Refusal::Because("EMAIL_NOT_FOUND")),
        Some(account) if account.disabled => Err(Refusal::Because("USER_DISABLED")),
        Some(_) => Ok(Json(json!({
            "kind": "identitytoolkit#GetOobConfirmationCodeResponse",
            "email": email,
            "oobCode": code,
            "oobLink": link,
        }))),
    }
}

fn link(issuer: &Issuer, purpose: Purpose, code: &str, continue_url: Option<&str>) -> String {
    let (server, mode) = (&issuer.inner.public_url, purpose.mode());
    let mut link = format!("{server}{ACTION_PATH}?mode={mode}&oobCode={code}&apiKey=local&lang=es");
    if let Some(url) = continue_url {
        link.push_str("&continueUrl=");
        link.extend(utf8_percent_encode(url, &COMPONENT));
    }
    link
}

fn address(typed: &str) -> Result<String, Refusal> {
    let email = typed.trim().to_lowercase();
    let looks_like_one = email
        .split_once('@')
        .is_some_and(|(local, host)| !local.is_empty() && host.contains('.'));
    looks_like_one
        .then_some(email)
        .ok_or(Refusal::Because("INVALID_EMAIL"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Redeemed {
    oob_code: String,
    continue_url: Option<String>,
}

/// Whoever has a link has the address: it is verified, as at Firebase, and the code is spent.
async fn redeem(
    State(issuer): State<Issuer>,
    Query(link): Query<Redeemed>,
) -> Result<Response, ApiError> {
    let now: DateTime<Utc> = issuer.inner.clock.now();
    let code = link.oob_code;
    let redeemed = issuer
        .inner
        .store
        .write(move |db| rows::redeem_code(db, &code, now));
    if !redeemed.await? {
        let why = "The link was used before, or its time is over.";
        return Err(ApiError::new(Code::FailedPrecondition, why));
    }
    // Only where a page on the web goes on.
    let next = link.continue_url.filter(|url| url.starts_with("http"));
    Ok(next.map_or_else(
        || "The address is verified.".into_response(),
        |url| Redirect::to(&url).into_response(),
    ))
}
