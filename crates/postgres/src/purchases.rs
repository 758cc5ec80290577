//! What shops ask to buy.

use avvivo_domain::shops::purchase::{Pack, PurchaseStatus};
use avvivo_kernel::{AccountId, ShopId, Timestamp};
use uuid::Uuid;

use crate::{Conn, DbError};

/// A purchase, as it is stored when it is made. Nothing has been paid yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewPurchase {
    /// Its id.
    pub id: Uuid,
    /// Who buys.
    pub shop: ShopId,
    /// What.
    pub pack: Pack,
    /// How much.
    pub quantity: u32,
    /// APPROVED needs `approved`.
    pub status: PurchaseStatus,
    /// When.
    pub created_at: Timestamp,
    /// When and by whom it was approved.
    pub approved: Option<(Timestamp, AccountId)>,
}

/// Stores a purchase.
pub async fn insert(conn: &mut Conn, purchase: &NewPurchase) -> Result<(), DbError> {
    let (approved_at, approved_by) = purchase.approved.unzip();
    sqlx::query!(
        r#"
        INSERT INTO purchase_requests (id, shop_id, type, quantity, status, created_at, approved_at, approved_by)
        VALUES ($1, $2, $3::text::purchase_type, $4, $5::text::purchase_status, $6, $7, $8)
        "#,
        purchase.id,
        purchase.shop.as_uuid(),
        purchase.pack.as_str(),
        i32::try_from(purchase.quantity).unwrap_or(i32::MAX),
        purchase.status.as_str(),
        purchase.created_at,
        approved_at,
        approved_by.map(AccountId::as_uuid),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes into the ledger what an administrator credited.
pub async fn insert_credit(
    conn: &mut Conn,
    entry: Uuid,
    purchase: &NewPurchase,
) -> Result<(), DbError> {
    let resource = match purchase.pack {
        Pack::Lives => "LIVE",
        Pack::Reels => "REEL",
    };
    sqlx::query!(
        r#"
        INSERT INTO quota_ledger (
            id, shop_id, resource, direction, amount, reason, ref_type, ref_id, actor_type, actor_id, business_day,
            created_at
        )
        VALUES (
            $1, $2, $3::text::quota_resource, 'CREDIT', $4, 'PURCHASE', 'PURCHASE', $5, 'ADMIN', $6, $7, $8
        )
        "#,
        entry,
        purchase.shop.as_uuid(),
        resource,
        i32::try_from(purchase.quantity).unwrap_or(i32::MAX),
        purchase.id,
        purchase.approved.map(|(_, by)| by.as_uuid()),
        avvivo_kernel::time::business_day(purchase.created_at),
        purchase.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}
