//! What a platform for tests counts and throws away. Shops go one by one, as anywhere else.

use avvivo_kernel::{AccountId, ShopId};

use crate::{Conn, DbError};

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Lives.
    pub streams: i64,
    /// Reels.
    pub reels: i64,
    /// Shops.
    pub shops: i64,
    /// Accounts.
    pub accounts: i64,
}

/// Counts everything.
pub async fn count(conn: &mut Conn) -> Result<Counts, DbError> {
    Ok(sqlx::query_as!(
        Counts,
        r#"
        SELECT
            (SELECT count(*) FROM streams) AS "streams!",
            (SELECT count(*) FROM reels) AS "reels!",
            (SELECT count(*) FROM shops) AS "shops!",
            (SELECT count(*) FROM accounts) AS "accounts!"
        "#
    )
    .fetch_one(conn)
    .await?)
}

/// All shops, in the order in which they are locked.
pub async fn list_shops(conn: &mut Conn) -> Result<Vec<ShopId>, DbError> {
    let ids = sqlx::query_scalar!("SELECT id FROM shops ORDER BY id")
        .fetch_all(conn)
        .await?;
    Ok(ids.into_iter().map(ShopId::from).collect())
}

/// Throws away what people were told and what they said, then who only buys, and answers who that was. Nobody who has ever
/// administered goes.
pub async fn delete_clients(conn: &mut Conn) -> Result<Vec<AccountId>, DbError> {
    sqlx::query!("DELETE FROM notifications")
        .execute(&mut *conn)
        .await?;
    sqlx::query!("DELETE FROM chat_conversations")
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        r#"
        DELETE FROM clients AS c
        USING accounts AS a
        WHERE
            a.id = c.account_id
            AND a.user_type = 'CLIENT'
            AND NOT EXISTS (SELECT 1 FROM admins AS m WHERE m.account_id = a.id)
        "#
    )
    .execute(&mut *conn)
    .await?;
    let gone = sqlx::query_scalar!(
        r#"
        DELETE FROM accounts AS a
        WHERE
            a.user_type = 'CLIENT'
            AND NOT EXISTS (SELECT 1 FROM admins AS m WHERE m.account_id = a.id)
        RETURNING a.id
        "#
    )
    .fetch_all(conn)
    .await?;
    Ok(gone.into_iter().map(AccountId::from).collect())
}
