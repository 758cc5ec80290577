//! People and shops to try things with. They have fixed ids and come into being once; nothing here runs in production.

use avvivo_domain::identity::{AccountStatus, AdminRole, Role, UserType};
use avvivo_kernel::{AccountId, ShopId, Timestamp};

use crate::{Conn, DbError};

/// A person.
#[derive(Debug, Clone, Copy)]
pub struct SamplePerson<'a> {
    /// Their account.
    pub id: AccountId,
    /// Their address; also their id with the identity provider.
    pub email: &'a str,
    /// What they are called.
    pub name: &'a str,
    /// Their side.
    pub user_type: UserType,
    /// Their role.
    pub role: Role,
    /// Whether they may sign in.
    pub status: AccountStatus,
}

/// A shop.
#[derive(Debug, Clone, Copy)]
pub struct SampleShop<'a> {
    /// Its id.
    pub id: ShopId,
    /// Whose.
    pub owner: AccountId,
    /// Its name.
    pub name: &'a str,
    /// Its name in addresses.
    pub slug: &'a str,
    /// Its plan.
    pub plan: &'a str,
    /// What that is worth.
    pub plan_tier: &'a str,
    /// Where it is.
    pub address: &'a str,
    /// Latitude and longitude.
    pub place: (f64, f64),
}

/// Puts a person there, unless they are there already.
pub async fn ensure_person(
    conn: &mut Conn,
    person: SamplePerson<'_>,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        INSERT INTO accounts (
            id, email, email_proven, firebase_uid, user_type, role, status, created_at, onboarding_completed_at
        )
        VALUES ($1, $2, true, $2, $3::text::user_type, $4::text::account_role, $5::text::account_status, $6, $6)
        ON CONFLICT DO NOTHING
        "#,
        person.id.as_uuid(),
        person.email,
        person.user_type.as_str(),
        person.role.as_str(),
        person.status.as_str(),
        now,
    )
    .execute(&mut *conn)
    .await?;
    match person.user_type {
        UserType::Client => ensure_client(conn, person, now).await,
        UserType::Admin => {
            crate::accounts::ensure_admin(conn, person.id, AdminRole::Superadmin, now).await
        }
        UserType::Shop => Ok(()),
    }
}

async fn ensure_client(
    conn: &mut Conn,
    person: SamplePerson<'_>,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        INSERT INTO clients (account_id, display_name, city, created_at, updated_at)
        VALUES ($1, $2, 'Buenos Aires', $3, $3)
        ON CONFLICT DO NOTHING
        "#,
        person.id.as_uuid(),
        person.name,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts an open shop there, with extras in its wallet, unless it is there already.
pub async fn ensure_shop(
    conn: &mut Conn,
    shop: SampleShop<'_>,
    now: Timestamp,
) -> Result<(), DbError> {
    let (lat, lng) = shop.place;
    sqlx::query!(
        r#"
        INSERT INTO shops (
            id, name, slug, owner_account_id, plan, plan_tier, status, status_changed_at, address, address_details,
            normalized_name, created_at, updated_at
        )
        VALUES (
            $1, $2, $3, $4, $5, $6::text::shop_plan_tier, 'ACTIVE', $10, $7,
            jsonb_build_object('street', $7::text, 'lat', $8::float8, 'lng', $9::float8), lower($2), $10, $10
        )
        ON CONFLICT DO NOTHING
        "#,
        shop.id.as_uuid(),
        shop.name,
        shop.slug,
        shop.owner.as_uuid(),
        shop.plan,
        shop.plan_tier,
        shop.address,
        lat,
        lng,
        now,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        r#"
        INSERT INTO quota_wallets (shop_id, reel_extra_balance) VALUES ($1, 20) ON CONFLICT DO NOTHING
        "#,
        shop.id.as_uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
