//! The conversations of a participant.

use avvivo_contracts::cursor::Cursor;
use avvivo_domain::chat::ChatError;
use avvivo_kernel::ShopId;
use avvivo_postgres::{
    chat::{self, Listed, Lookup, ShopCard},
    outbox,
};

use super::{Participant, WithCursor};
use crate::{AppError, Deps};

/// What a client's list shows at most.
const MAX_OF_CLIENT: i64 = 50;
/// What a shop's list shows at most.
const MAX_OF_SHOP: i64 = 80;

/// The liveliest conversations first.
pub async fn run(deps: &Deps, who: Participant) -> Result<WithCursor<Vec<Listed>>, AppError> {
    let mut conn = deps.db.acquire().await?;
    // First: what is committed between the two is in the list and comes again, instead of in neither.
    let audience = who.audience().to_string();
    let number = outbox::last_number(&mut conn, &audience).await?;
    let answer = match who.lookup {
        Lookup::Client(account) => chat::list_for_client(&mut conn, account, MAX_OF_CLIENT).await?,
        Lookup::Shop(shop) => chat::list_for_shop(&mut conn, shop, MAX_OF_SHOP).await?,
    };
    Ok(WithCursor {
        answer,
        cursor: Cursor::of(&audience, number),
    })
}

/// The shop whose list it is.
pub async fn shop(deps: &Deps, shop: ShopId) -> Result<ShopCard, AppError> {
    let mut conn = deps.db.acquire().await?;
    let card = chat::find_shop_card(&mut conn, shop).await?;
    Ok(card.ok_or(ChatError::NotTheirShop)?)
}
