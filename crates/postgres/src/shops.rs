//! Shops. What they may do is found here; whole shops are read in [`lists`] and written in [`mod@write`].

pub mod addressees;
pub mod agenda;
pub mod intake;
pub mod lists;
pub mod owners;
mod row;
pub mod suspensions;
pub mod write;

use avvivo_domain::{
    quota::Wallet,
    shops::{PlanTier, RegistrationSource, Shop, ShopStanding, ShopStatus, Verification},
};
use avvivo_kernel::ShopId;
use uuid::Uuid;

use crate::{Conn, DbError, counts::stored, penalties::Penalty};

/// A shop and what its reviews add up to.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedShop {
    /// The shop.
    pub shop: Shop,
    /// Its reviews.
    pub rating: Rating,
    /// What only those who run it are shown, once that was read.
    pub own: Option<Own>,
}

/// What is kept of a shop beside its row, for those who run it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// Its quota; none when it has never had any.
    pub wallet: Option<Wallet>,
    /// Its penalties, newest first.
    pub penalties: Vec<Penalty>,
}

/// What reviews add up to; zeros where there are none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rating {
    /// Their mean, from 1 to 5.
    pub average: f64,
    /// How many.
    pub count: u32,
}

struct StandingRow {
    id: Uuid,
    active: bool,
    status: String,
    registration_source: String,
    verification: String,
    plan: String,
    plan_tier: String,
    contact_email_private: Option<String>,
}

/// What decides what a shop may do.
pub async fn find_standing(conn: &mut Conn, shop: ShopId) -> Result<Option<ShopStanding>, DbError> {
    let row = sqlx::query_as!(
        StandingRow,
        r#"
        SELECT
            id,
            active,
            status::text AS "status!",
            registration_source::text AS "registration_source!",
            verification::text AS "verification!",
            plan,
            plan_tier::text AS "plan_tier!",
            contact_email_private
        FROM shops
        WHERE id = $1
        "#,
        shop.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(ShopStanding::try_from).transpose()
}

/// Mirrors what is left of the reel quota, which the old lists show.
pub async fn set_reel_quota(conn: &mut Conn, shop: ShopId, left: u32) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE shops SET reel_quota = $2 WHERE id = $1",
        shop.as_uuid(),
        stored(left),
    )
    .execute(conn)
    .await?;
    Ok(())
}

impl TryFrom<StandingRow> for ShopStanding {
    type Error = DbError;

    fn try_from(row: StandingRow) -> Result<Self, DbError> {
        let broken = |column, value: &str| DbError::broken("shops", column, row.id, value);
        Ok(Self {
            id: row.id.into(),
            active: row.active,
            status: ShopStatus::parse(&row.status).ok_or_else(|| broken("status", &row.status))?,
            registration_source: RegistrationSource::parse(&row.registration_source)
                .ok_or_else(|| broken("registration_source", &row.registration_source))?,
            verification: Verification::parse(&row.verification)
                .ok_or_else(|| broken("verification", &row.verification))?,
            plan_tier: PlanTier::parse(&row.plan_tier)
                .ok_or_else(|| broken("plan_tier", &row.plan_tier))?,
            plan: row.plan,
            contact_email: row.contact_email_private,
        })
    }
}
