//! The accounts of those who own shops, as far as shops decide about them.

use avvivo_domain::{
    identity::{AccountStatus, Role, UserType},
    shops::owner::{OwnerAccount, SignIn},
};
use avvivo_kernel::{AccountId, ShopId, Timestamp};
use uuid::Uuid;

use crate::{Conn, DbError};

/// How an account is named.
#[derive(Debug, Clone, Copy)]
pub enum Named<'a> {
    /// By its id.
    Id(AccountId),
    /// By its address, lower case.
    Email(&'a str),
}

struct OwnerRow {
    id: Uuid,
    user_type: String,
    role: String,
    status: String,
    suspended_by_shop: bool,
    linked: bool,
    email_proven: bool,
    owns: Option<Uuid>,
}

/// Which account is meant.
pub async fn find_id(conn: &mut Conn, named: Named<'_>) -> Result<Option<AccountId>, DbError> {
    let (id, email) = match named {
        Named::Id(id) => (Some(id.as_uuid()), None),
        Named::Email(email) => (None, Some(email)),
    };
    let id = sqlx::query_scalar!(
        "SELECT id FROM accounts WHERE id = coalesce($1, (SELECT id FROM accounts WHERE email = $2))",
        id,
        email,
    )
    .fetch_optional(conn)
    .await?;
    Ok(id.map(AccountId::from))
}

/// An account, locked until the transaction ends, and the shop that it owns.
pub async fn find_for_update(
    conn: &mut Conn,
    named: Named<'_>,
) -> Result<Option<(OwnerAccount, Option<ShopId>)>, DbError> {
    let Some(id) = find_id(&mut *conn, named).await? else {
        return Ok(None);
    };
    // In a statement before: one that waited for the lock would see the account as it is, and its shop as it was when it began
    // to wait.
    sqlx::query!(
        "SELECT id FROM accounts WHERE id = $1 FOR UPDATE",
        id.as_uuid()
    )
    .fetch_optional(&mut *conn)
    .await?;
    let row = sqlx::query_as!(
        OwnerRow,
        r#"
        SELECT
            a.id,
            a.user_type::text AS "user_type!",
            a.role::text AS "role!",
            a.status::text AS "status!",
            a.suspended_by_shop,
            a.firebase_uid IS NOT NULL AS "linked!",
            a.email_proven,
            (SELECT s.id FROM shops AS s WHERE s.owner_account_id = a.id) AS owns
        FROM accounts AS a
        WHERE a.id = $1
        "#,
        id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(OwnerRow::into_owner).transpose()
}

/// Stores what became of an account. Whether that was news.
pub async fn save(conn: &mut Conn, owner: OwnerAccount) -> Result<bool, DbError> {
    let saved = sqlx::query!(
        r#"
        UPDATE accounts
        SET
            user_type = $2::text::user_type,
            role = $3::text::account_role,
            status = $4::text::account_status,
            suspended_by_shop = $5,
            firebase_uid = CASE WHEN $6 THEN NULL ELSE firebase_uid END
        WHERE
            id = $1
            AND (
                (user_type::text, role::text, status::text, suspended_by_shop) IS DISTINCT FROM ($2, $3, $4, $5)
                OR ($6 AND firebase_uid IS NOT NULL)
            )
        "#,
        owner.id.as_uuid(),
        owner.user_type.as_str(),
        owner.role.as_str(),
        owner.status.as_str(),
        owner.suspended_by_shop,
        owner.sign_in == SignIn::Nobody,
    )
    .execute(conn)
    .await?;
    Ok(saved.rows_affected() > 0)
}

/// Makes an account that nobody has signed in to. Whether it could: somebody may have the address by now.
pub async fn insert(
    conn: &mut Conn,
    owner: OwnerAccount,
    email: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    let made = sqlx::query!(
        r#"
        INSERT INTO accounts (id, email, user_type, role, status, suspended_by_shop, created_at)
        VALUES ($1, $2, $3::text::user_type, $4::text::account_role, $5::text::account_status, $6, $7)
        ON CONFLICT DO NOTHING
        "#,
        owner.id.as_uuid(),
        email,
        owner.user_type.as_str(),
        owner.role.as_str(),
        owner.status.as_str(),
        owner.suspended_by_shop,
        now,
    )
    .execute(conn)
    .await?;
    Ok(made.rows_affected() > 0)
}

impl OwnerRow {
    fn into_owner(self) -> Result<(OwnerAccount, Option<ShopId>), DbError> {
        let broken = |column, value: &str| DbError::broken("accounts", column, self.id, value);
        let owner = OwnerAccount {
            id: self.id.into(),
            user_type: UserType::parse(&self.user_type)
                .ok_or_else(|| broken("user_type", &self.user_type))?,
            role: Role::parse(&self.role).ok_or_else(|| broken("role", &self.role))?,
            status: AccountStatus::parse(&self.status)
                .ok_or_else(|| broken("status", &self.status))?,
            suspended_by_shop: self.suspended_by_shop,
            sign_in: match (self.linked, self.email_proven) {
                (false, _) => SignIn::Nobody,
                (true, false) => SignIn::Unproven,
                (true, true) => SignIn::Proven,
            },
        };
        Ok((owner, self.owns.map(ShopId::from)))
    }
}
