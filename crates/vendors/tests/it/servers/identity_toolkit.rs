//! Identity Toolkit's administration of accounts, below the address that Firebase's emulator has it at.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};

use super::Server;

pub(crate) const PROJECT: &str = "demo-avvivo";

#[derive(Clone, Default)]
struct Accounts {
    users: Arc<Mutex<Vec<Value>>>,
    codes: Arc<Mutex<u32>>,
    /// Whether strangers are told apart from users, as projects do that do not protect addresses.
    tells_strangers: bool,
}

pub(crate) struct FakeIdentityToolkit {
    pub(crate) server: Server,
    accounts: Accounts,
}

impl FakeIdentityToolkit {
    pub(crate) async fn start() -> Self {
        Self::telling_strangers(true).await
    }

    /// A project that answers for strangers as it does for users, but without a link.
    pub(crate) async fn protecting_addresses() -> Self {
        Self::telling_strangers(false).await
    }

    async fn telling_strangers(tells_strangers: bool) -> Self {
        let accounts = Accounts {
            tells_strangers,
            ..Accounts::default()
        };
        let route = "/identitytoolkit.googleapis.com/v1/projects/{project}/{method}";
        let app = Router::new()
            .route(route, post(call))
            .with_state(accounts.clone());
        Self {
            server: Server::of(app).await,
            accounts,
        }
    }

    pub(crate) fn put(&self, user: Value) {
        self.accounts.users.lock().unwrap().push(user);
    }

    pub(crate) fn users(&self) -> Vec<Value> {
        self.accounts.users.lock().unwrap().clone()
    }
}

pub(crate) fn problem(code: u16, message: &str) -> Value {
    json!({ "error": {
        "code": code,
        "message": message,
        "errors": [{ "message": message, "domain": "global", "reason": "invalid" }]
    }})
}

fn refusal(code: u16, message: &str) -> Response {
    let status = StatusCode::from_u16(code).unwrap();
    (status, Json(problem(code, message))).into_response()
}

async fn call(
    State(accounts): State<Accounts>,
    Path((project, method)): Path<(String, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    assert_eq!(project, PROJECT);
    if headers["authorization"] != "Bearer owner" {
        return refusal(401, "UNAUTHENTICATED");
    }
    match method.as_str() {
        "accounts" => create(&accounts, &body),
        "accounts:lookup" => lookup(&accounts, &body),
        "accounts:sendOobCode" => send_oob_code(&accounts, &body),
        _ => refusal(404, "NOT_FOUND"),
    }
}

fn create(accounts: &Accounts, body: &Value) -> Response {
    let email = body["email"].as_str().unwrap();
    if !email.contains('@') {
        return refusal(400, "INVALID_EMAIL");
    }
    if body["password"].as_str().is_some_and(|it| it.len() < 6) {
        return refusal(
            400,
            "WEAK_PASSWORD : Password should be at least 6 characters",
        );
    }
    let mut users = accounts.users.lock().unwrap();
    if users.iter().any(|user| user["email"] == email) {
        return refusal(400, "EMAIL_EXISTS");
    }
    let id = format!("q7Zk1xYt0aVb93{:03}", users.len());
    users.push(json!({ "localId": id, "email": email, "passwordHash": body["password"] }));
    Json(json!({ "kind": "identitytoolkit#SignupNewUserResponse", "localId": id, "email": email }))
        .into_response()
}

fn lookup(accounts: &Accounts, body: &Value) -> Response {
    let users = accounts.users.lock().unwrap();
    let found: Vec<_> = users
        .iter()
        .filter(|user| body["email"].as_array().unwrap().contains(&user["email"]))
        .collect();
    let kind = "identitytoolkit#GetAccountInfoResponse";
    // Nobody found is an answer without the list.
    Json(if found.is_empty() {
        json!({ "kind": kind })
    } else {
        json!({ "kind": kind, "users": found })
    })
    .into_response()
}

fn send_oob_code(accounts: &Accounts, body: &Value) -> Response {
    assert_eq!(
        body["returnOobLink"], true,
        "Firebase would send its own mail"
    );
    let email = &body["email"];
    let answer =
        json!({ "kind": "identitytoolkit#GetOobConfirmationCodeResponse", "email": email });
    let users = accounts.users.lock().unwrap();
    if !users.iter().any(|user| user["email"] == *email) {
        return if accounts.tells_strangers {
            refusal(400, "EMAIL_NOT_FOUND")
        } else {
            Json(answer).into_response()
        };
    }
    let mode = match body["requestType"].as_str().unwrap() {
        "PASSWORD_RESET" => "resetPassword",
        "VERIFY_EMAIL" => "verifyEmail",
        _ => return refusal(400, "INVALID_REQ_TYPE"),
    };
    let mut codes = accounts.codes.lock().unwrap();
    *codes += 1;
    let code = format!("code-{codes}");
    let mut link = format!(
        "https://{PROJECT}.firebaseapp.com/__/auth/action?mode={mode}&oobCode={code}&apiKey=k&lang=en"
    );
    if let Some(url) = body["continueUrl"].as_str() {
        link.push_str("&continueUrl=");
        link.push_str(
            &url.replace(':', "%3A")
                .replace('/', "%2F")
                .replace('?', "%3F"),
        );
    }
    let mut answer = answer;
    answer["oobCode"] = code.into();
    answer["oobLink"] = link.into();
    Json(answer).into_response()
}
