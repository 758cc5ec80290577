//! Accounts, and the administrators among them.

pub mod directory;

use avvivo_domain::{
    identity::{
        Account, AccountStatus, AdminRole, NewAccount, Resolution, Role, UserType,
        onboarding::Onboarded,
    },
    shops::{PlanTier, RegistrationSource, ShopStanding, ShopStatus, Verification},
};
use avvivo_kernel::{AccountId, Timestamp};
use uuid::Uuid;

use crate::{Conn, DbError};

struct AccountRow {
    id: Uuid,
    email: String,
    email_proven: bool,
    firebase_uid: Option<String>,
    user_type: String,
    role: String,
    status: String,
    last_login_at: Option<Timestamp>,
    has_client_profile: bool,
    admin_role: Option<String>,
    admin_suspended: bool,
    shop_id: Option<Uuid>,
    shop_active: Option<bool>,
    shop_status: Option<String>,
    shop_source: Option<String>,
    shop_verification: Option<String>,
    shop_plan: Option<String>,
    shop_plan_tier: Option<String>,
    shop_contact_email: Option<String>,
}

/// Selects accounts, `a`, with what decides their role, by what follows the joins.
macro_rules! accounts {
    ($tail:literal $(, $argument:expr)* $(,)?) => {
        // What cannot be missing is said so: sqlx takes it from the plan, which depends on how the rows are found.
        sqlx::query_as!(
            AccountRow,
            r#"
            SELECT
                a.id AS "id!",
                a.email AS "email!",
                a.email_proven AS "email_proven!",
                a.firebase_uid,
                a.user_type::text AS "user_type!",
                a.role::text AS "role!",
                a.status::text AS "status!",
                a.last_login_at,
                EXISTS (SELECT 1 FROM clients AS c WHERE c.account_id = a.id) AS "has_client_profile!",
                m.role::text AS admin_role,
                coalesce(m.status = 'SUSPENDED', false) AS "admin_suspended!",
                s.id AS "shop_id?",
                s.active AS "shop_active?",
                s.status::text AS shop_status,
                s.registration_source::text AS shop_source,
                s.verification::text AS shop_verification,
                s.plan AS "shop_plan?",
                s.plan_tier::text AS shop_plan_tier,
                s.contact_email_private AS shop_contact_email
            FROM accounts AS a
            LEFT JOIN admins AS m ON m.account_id = a.id
            LEFT JOIN shops AS s ON s.owner_account_id = a.id
            "# + $tail
            $(, $argument)*
        )
    };
}

/// The account of a token: by the identity provider's id, else by e-mail.
pub async fn find_for_token(
    conn: &mut Conn,
    uid: &str,
    email: &str,
) -> Result<Option<Account>, DbError> {
    let row = accounts!(
        "
        -- The second is looked up only when the first is not there; with OR both would be, and sorted.
        WHERE a.id = coalesce(
            (SELECT id FROM accounts WHERE firebase_uid = $1),
            (SELECT id FROM accounts WHERE email = $2)
        )
        ",
        uid,
        email,
    )
    .fetch_optional(conn)
    .await?;
    row.map(Account::try_from).transpose()
}

/// An account, locked until the transaction ends.
pub async fn find_for_update(
    conn: &mut Conn,
    account: AccountId,
) -> Result<Option<Account>, DbError> {
    // In a statement before: one that waited for the lock would see the account as it is, and its shop and its rank as they
    // were when it began to wait.
    sqlx::query!(
        "SELECT id FROM accounts WHERE id = $1 FOR UPDATE",
        account.as_uuid()
    )
    .fetch_optional(&mut *conn)
    .await?;
    let row = accounts!("WHERE a.id = $1", account.as_uuid())
        .fetch_optional(conn)
        .await?;
    row.map(Account::try_from).transpose()
}

/// Writes what the bearer of an account chose.
pub async fn save_choice(
    conn: &mut Conn,
    account: AccountId,
    chosen: &Onboarded,
) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        UPDATE accounts
        SET
            user_type = $2::text::user_type,
            role = $3::text::account_role,
            last_login_at = $4,
            onboarding_completed_at = $4
        WHERE id = $1
        "#,
        account.as_uuid(),
        chosen.user_type.as_str(),
        chosen.role.as_str(),
        chosen.completed_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Creates an account, unless one with its e-mail or its id has come into being meanwhile. Whoever asks finds the winner by
/// looking again.
pub async fn ensure(
    conn: &mut Conn,
    id: AccountId,
    new: &NewAccount,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        INSERT INTO accounts (id, email, email_proven, firebase_uid, user_type, role, created_at, last_login_at)
        VALUES ($1, $2, $3, $4, $5::text::user_type, $6::text::account_role, $7, $7)
        ON CONFLICT DO NOTHING
        "#,
        id.as_uuid(),
        new.email,
        new.email_proven,
        new.firebase_uid,
        new.user_type.as_str(),
        new.role.as_str(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what a resolution found to be out of date on the account and its administrator's row.
pub async fn settle(
    conn: &mut Conn,
    resolution: &Resolution,
    now: Timestamp,
) -> Result<(), DbError> {
    let (user_type, role) = resolution
        .store_role
        .map_or((None, None), |(user_type, role)| {
            (Some(user_type.as_str()), Some(role.as_str()))
        });
    sqlx::query!(
        r#"
        UPDATE accounts
        SET
            firebase_uid = coalesce($2, firebase_uid),
            user_type = coalesce($3::text::user_type, user_type),
            role = coalesce($4::text::account_role, role),
            last_login_at = CASE WHEN $5 THEN $6 ELSE last_login_at END,
            onboarding_completed_at = CASE
                WHEN $7 THEN coalesce(onboarding_completed_at, $6) ELSE onboarding_completed_at
            END,
            email_proven = email_proven OR $8
        WHERE id = $1
        "#,
        resolution.account_id().as_uuid(),
        resolution.link_uid,
        user_type,
        role,
        resolution.stamp_login,
        now,
        resolution.open_shop.is_some(),
        resolution.prove_email,
    )
    .execute(&mut *conn)
    .await?;
    if let Some(rank) = resolution.ensure_admin {
        ensure_admin(conn, resolution.account_id(), rank, now).await?;
    }
    Ok(())
}

/// Suspends or reinstates somebody, whatever their shop is. Whether that was news.
pub async fn set_status(
    conn: &mut Conn,
    account: AccountId,
    status: AccountStatus,
) -> Result<bool, DbError> {
    let changed = sqlx::query!(
        r#"
        UPDATE accounts
        SET status = $2::text::account_status, suspended_by_shop = false
        WHERE id = $1 AND status <> $2::text::account_status
        "#,
        account.as_uuid(),
        status.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(changed.rows_affected() > 0)
}

/// Makes sure that an account administers with at least this rank.
pub async fn ensure_admin(
    conn: &mut Conn,
    account: AccountId,
    rank: AdminRole,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        INSERT INTO admins (account_id, role, created_at)
        VALUES ($1, $2::text::admin_role, $3)
        ON CONFLICT (account_id) DO UPDATE SET role = EXCLUDED.role
        WHERE EXCLUDED.role = 'SUPERADMIN'
        "#,
        account.as_uuid(),
        rank.as_str(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

impl TryFrom<AccountRow> for Account {
    type Error = DbError;

    fn try_from(row: AccountRow) -> Result<Self, DbError> {
        let broken = |column, value: &str| DbError::broken("accounts", column, row.id, value);
        let admin_role = match &row.admin_role {
            Some(word) => Some(
                AdminRole::parse(word)
                    .ok_or_else(|| DbError::broken("admins", "role", row.id, word))?,
            ),
            None => None,
        };
        Ok(Self {
            id: row.id.into(),
            user_type: UserType::parse(&row.user_type)
                .ok_or_else(|| broken("user_type", &row.user_type))?,
            role: Role::parse(&row.role).ok_or_else(|| broken("role", &row.role))?,
            status: AccountStatus::parse(&row.status)
                .ok_or_else(|| broken("status", &row.status))?,
            admin_role,
            admin_status: if row.admin_suspended {
                AccountStatus::Suspended
            } else {
                AccountStatus::Active
            },
            shop: row.shop()?,
            email: row.email,
            email_proven: row.email_proven,
            firebase_uid: row.firebase_uid,
            last_login_at: row.last_login_at,
            has_client_profile: row.has_client_profile,
        })
    }
}

impl AccountRow {
    fn shop(&self) -> Result<Option<ShopStanding>, DbError> {
        let Some(id) = self.shop_id else {
            return Ok(None);
        };
        let word = |column, value: &Option<String>| {
            value
                .clone()
                .ok_or_else(|| DbError::broken("shops", column, id, "NULL"))
        };
        let broken = |column, value: &str| DbError::broken("shops", column, id, value);
        let status = word("status", &self.shop_status)?;
        let source = word("registration_source", &self.shop_source)?;
        let verification = word("verification", &self.shop_verification)?;
        let tier = word("plan_tier", &self.shop_plan_tier)?;
        Ok(Some(ShopStanding {
            id: id.into(),
            active: self.shop_active.unwrap_or(false),
            status: ShopStatus::parse(&status).ok_or_else(|| broken("status", &status))?,
            registration_source: RegistrationSource::parse(&source)
                .ok_or_else(|| broken("registration_source", &source))?,
            verification: Verification::parse(&verification)
                .ok_or_else(|| broken("verification", &verification))?,
            plan: word("plan", &self.shop_plan)?,
            plan_tier: PlanTier::parse(&tier).ok_or_else(|| broken("plan_tier", &tier))?,
            contact_email: self.shop_contact_email.clone(),
        }))
    }
}
