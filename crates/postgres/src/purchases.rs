//! What shops ask to buy.

use avvivo_domain::shops::purchase::{Pack, PurchaseStatus};
use avvivo_kernel::{AccountId, ShopId, Timestamp};
use uuid::Uuid;

use crate::{
    Conn, DbError,
    counts::{counted, stored},
};

/// A purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purchase {
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
    /// When and by whom it was approved; by nobody when their account is gone.
    pub approved: Option<(Timestamp, Option<AccountId>)>,
}

struct PurchaseRow {
    id: Uuid,
    shop_id: Uuid,
    pack: String,
    quantity: i32,
    status: String,
    created_at: Timestamp,
    approved_at: Option<Timestamp>,
    approved_by: Option<Uuid>,
}

/// Selects purchases by what follows the table.
macro_rules! purchases {
    ($tail:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            PurchaseRow,
            r#"
            SELECT
                id,
                shop_id,
                type::text AS "pack!",
                quantity,
                status::text AS "status!",
                created_at,
                approved_at,
                approved_by
            FROM purchase_requests
            "# + $tail
            $(, $argument)*
        )
    };
}

/// One purchase.
pub async fn find(conn: &mut Conn, id: Uuid) -> Result<Option<Purchase>, DbError> {
    let row = purchases!("WHERE id = $1", id).fetch_optional(conn).await?;
    row.map(Purchase::try_from).transpose()
}

/// The newest purchase of a shop since then that asks for the same and still waits.
pub async fn find_waiting(
    conn: &mut Conn,
    shop: ShopId,
    (pack, quantity): (Pack, u32),
    since: Timestamp,
) -> Result<Option<Purchase>, DbError> {
    let row = purchases!(
        "
        WHERE shop_id = $1 AND created_at >= $2 AND type = $3::text::purchase_type AND quantity = $4 AND status = 'PENDING'
        ORDER BY created_at DESC, id DESC LIMIT 1
        ",
        shop.as_uuid(),
        since,
        pack.as_str(),
        stored(quantity),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Purchase::try_from).transpose()
}

/// Stores a purchase. Nothing has been paid yet.
pub async fn insert(conn: &mut Conn, purchase: &Purchase) -> Result<(), DbError> {
    let (approved_at, approved_by) = purchase.approved.unzip();
    sqlx::query!(
        r#"
        INSERT INTO purchase_requests (id, shop_id, type, quantity, status, created_at, approved_at, approved_by)
        VALUES ($1, $2, $3::text::purchase_type, $4, $5::text::purchase_status, $6, $7, $8)
        "#,
        purchase.id,
        purchase.shop.as_uuid(),
        purchase.pack.as_str(),
        stored(purchase.quantity),
        purchase.status.as_str(),
        purchase.created_at,
        approved_at,
        approved_by.flatten().map(AccountId::as_uuid),
    )
    .execute(conn)
    .await?;
    Ok(())
}

impl TryFrom<PurchaseRow> for Purchase {
    type Error = DbError;

    fn try_from(row: PurchaseRow) -> Result<Self, DbError> {
        let broken =
            |column, value: &str| DbError::broken("purchase_requests", column, row.id, value);
        Ok(Self {
            id: row.id,
            shop: row.shop_id.into(),
            pack: Pack::parse(&row.pack).ok_or_else(|| broken("type", &row.pack))?,
            quantity: counted(("purchase_requests", "quantity"), row.id, row.quantity)?,
            status: PurchaseStatus::parse(&row.status)
                .ok_or_else(|| broken("status", &row.status))?,
            created_at: row.created_at,
            approved: row
                .approved_at
                .map(|at| (at, row.approved_by.map(AccountId::from))),
        })
    }
}
