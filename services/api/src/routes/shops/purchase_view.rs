//! What clients see of a purchase.

use avvivo_app::shops::buy_quota::Bought;
use avvivo_domain::shops::view::Viewer;
use avvivo_kernel::{AccountId, ShopId, time::to_wire};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::views::ShopView;

/// A purchase, and the shop after it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShopPurchase)]
pub(crate) struct BoughtView {
    shop: ShopView,
    purchase: PurchaseView,
}

/// A purchase.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Purchase)]
pub(crate) struct PurchaseView {
    purchase_id: Uuid,
    #[schema(value_type = Uuid)]
    shop_id: ShopId,
    /// `LIVE_PACK` or `REEL_PACK`.
    #[schema(example = "LIVE_PACK")]
    r#type: &'static str,
    #[schema(example = 2)]
    quantity: u32,
    /// `PENDING`, or `APPROVED` when an administrator bought it.
    #[schema(example = "PENDING")]
    status: &'static str,
    #[schema(example = "2026-03-06T17:45:00.120Z")]
    created_at: String,
    approved_at: Option<String>,
    #[schema(value_type = Option<Uuid>)]
    approved_by_admin_id: Option<AccountId>,
    payment_proof_url: Option<String>,
    notes: Option<String>,
    payment_provider: Option<String>,
    payment_status: Option<String>,
    payment_ref: Option<String>,
    payment_preference_id: Option<String>,
}

impl BoughtView {
    pub(super) fn of(viewer: Viewer, bought: &Bought) -> Self {
        let purchase = &bought.purchase;
        Self {
            shop: ShopView::of(viewer, &bought.shop),
            purchase: PurchaseView {
                purchase_id: purchase.id,
                shop_id: purchase.shop,
                r#type: purchase.pack.as_str(),
                quantity: purchase.quantity,
                status: purchase.status.as_str(),
                created_at: to_wire(purchase.created_at),
                approved_at: purchase.approved.map(|(at, _)| to_wire(at)),
                approved_by_admin_id: purchase.approved.and_then(|(_, by)| by),
                // Nothing is paid here.
                payment_proof_url: None,
                notes: None,
                payment_provider: None,
                payment_status: None,
                payment_ref: None,
                payment_preference_id: None,
            },
        }
    }
}
