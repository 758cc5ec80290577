//! Whom a mail to an address is for.

use avvivo_domain::identity::Role;

use crate::{Conn, DbError};

/// Who uses an address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addressee {
    /// The name of the shop that does.
    pub shop: Option<String>,
    /// The role of the account that does.
    pub role: Option<Role>,
}

/// Who uses an address, in lower case.
pub async fn find(conn: &mut Conn, email: &str) -> Result<Addressee, DbError> {
    let row = sqlx::query!(
        r#"
        SELECT
            coalesce(
                (SELECT name FROM shops WHERE email = $1),
                (SELECT name FROM shops WHERE contact_email_private = $1 ORDER BY created_at, id LIMIT 1)
            ) AS shop,
            (SELECT role::text FROM accounts WHERE email = $1) AS role
        "#,
        email,
    )
    .fetch_one(conn)
    .await?;
    Ok(Addressee {
        shop: row.shop,
        role: row.role.as_deref().and_then(Role::parse),
    })
}
