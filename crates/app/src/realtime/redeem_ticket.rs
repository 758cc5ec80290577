//! A ticket is used: it is gone, and its bearer's rights are looked up as they are now.

use avvivo_domain::identity::{AccessError, Caller};
use avvivo_postgres::tickets;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::issue_ticket::hash;
use crate::{AppError, Deps, identity::resolve_caller};

/// Whose ticket it was, and for which topics. A ticket that is unknown, used or too old is nobody's.
pub async fn run(deps: &Deps, ticket: &str) -> Result<(Caller, Vec<String>), AppError> {
    let secret = URL_SAFE_NO_PAD
        .decode(ticket)
        .map_err(|_| AccessError::Anonymous)?;
    let mut conn = deps.db.acquire().await?;
    let taken = tickets::take(&mut conn, &hash(&secret)).await?;
    drop(conn);
    let now = deps.now();
    let taken = taken
        .filter(|ticket| ticket.expires_at > now && ticket.identity.expires_at > now)
        .ok_or(AccessError::Anonymous)?;
    let caller = resolve_caller::run(deps, &taken.identity).await?;
    Ok((caller, taken.topics))
}
