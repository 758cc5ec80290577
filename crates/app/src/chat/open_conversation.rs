//! A client begins to talk to a shop, or goes on.

use avvivo_domain::chat::ChatError;
use avvivo_kernel::{AccountId, ShopId};
use avvivo_postgres::chat::{self, Listed};

use super::{Participant, mark_read};
use crate::{AppError, Deps};

/// The conversation of a client with a shop, all of it read by the client.
pub async fn run(deps: &Deps, client: AccountId, shop: ShopId) -> Result<Listed, AppError> {
    let now = deps.now();
    let mut tx = deps.db.begin().await?;
    chat::ensure(&mut tx, deps.ids.uuid().into(), (client, shop), now).await?;
    let found = chat::find_by_pair_for_update(&mut tx, client, shop)
        .await?
        .ok_or(ChatError::ShopNotFound)?;
    let who = Participant::client(client);
    let opened = mark_read::mark(deps, &mut tx, who, found, (None, now)).await?;
    deps.commit(tx).await?;
    Ok(opened)
}
