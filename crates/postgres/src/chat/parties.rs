//! Who talks with whom.

use avvivo_kernel::{AccountId, ConversationId, ShopId};

use super::Lookup;
use crate::{Conn, DbError};

/// The two sides of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parties {
    /// Who buys.
    pub client: AccountId,
    /// Who sells.
    pub shop: ShopId,
}

/// The sides of a conversation of `who`; none for anybody else's.
pub async fn find_parties(
    conn: &mut Conn,
    id: ConversationId,
    who: Lookup,
) -> Result<Option<Parties>, DbError> {
    let (client, shop) = who.columns();
    let row = sqlx::query!(
        "
        SELECT client_account_id, shop_id
        FROM chat_conversations
        WHERE
            id = $1
            AND ($2::uuid IS NULL OR client_account_id = $2)
            AND ($3::uuid IS NULL OR shop_id = $3)
        ",
        id.as_uuid(),
        client,
        shop,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Parties {
        client: row.client_account_id.into(),
        shop: row.shop_id.into(),
    }))
}

/// Whether a client has a conversation with a shop.
pub async fn talk(conn: &mut Conn, client: AccountId, shop: ShopId) -> Result<bool, DbError> {
    Ok(sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT 1 FROM chat_conversations WHERE client_account_id = $1 AND shop_id = $2
        ) AS "there!"
        "#,
        client.as_uuid(),
        shop.as_uuid(),
    )
    .fetch_one(conn)
    .await?)
}
