//! A ticket for one stream: good once, for half a minute, for this caller and these topics.

use avvivo_domain::identity::{Caller, TokenIdentity};
use avvivo_postgres::tickets::{self, Ticket};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use sha2::{Digest as _, Sha256};

use super::topics;
use crate::{AppError, Deps};

/// A page opens its stream right after it has the ticket.
pub const GOOD_FOR: TimeDelta = TimeDelta::seconds(30);
/// Tickets that nobody used, forgotten with each new one: more than one, so that they cannot pile up.
const SWEEP: i64 = 20;

/// The ticket. It opens a stream for whoever has it, so it is told once and never logged.
pub async fn run(deps: &Deps, caller: &Caller, wanted: &[String]) -> Result<String, AppError> {
    // Whoever may not hear it is told now, not when the stream fails to open.
    topics::run(deps, caller, wanted).await?;
    let now = deps.now();
    let secret = deps.ids.secret();
    let ticket = Ticket {
        identity: TokenIdentity {
            uid: caller.uid.clone(),
            email: Some(caller.email.clone()),
            email_verified: caller.email_verified,
            expires_at: caller.token_expires_at,
        },
        topics: wanted.to_vec(),
        expires_at: now + GOOD_FOR,
    };
    let mut conn = deps.db.acquire().await?;
    tickets::forget_expired(&mut conn, now, SWEEP).await?;
    tickets::insert(&mut conn, &hash(&secret), &ticket).await?;
    Ok(URL_SAFE_NO_PAD.encode(secret))
}

pub(super) fn hash(secret: &[u8]) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}
