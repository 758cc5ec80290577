//! What clients see of a shop: who sees what is [`avvivo_domain::shops::view::sight`]'s to say.

use avvivo_domain::{
    quota::Wallet,
    shops::{
        Shop, SocialHandle, WhatsappLine,
        view::{Private, Sight, Viewer, sight},
    },
};
use avvivo_kernel::{AccountId, ShopId, Timestamp, time::to_wire};
use avvivo_postgres::{
    penalties::Penalty,
    shops::{ListedShop, Own},
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// A shop.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Shop)]
pub(crate) struct ShopView {
    #[schema(value_type = Uuid)]
    id: ShopId,
    #[schema(example = "Luna Azul")]
    name: String,
    #[schema(example = "luna-azul")]
    slug: String,
    logo_url: Option<String>,
    cover_url: Option<String>,
    website: Option<String>,
    #[schema(example = "Cuenca 612, CABA")]
    address: Option<String>,
    /// In parts: `street`, `number`, `city`, `province`, `zip`, `lat`, `lng` and links, those that are known.
    #[schema(value_type = Option<Object>)]
    address_details: Option<Map<String, Value>>,
    /// In whole pesos.
    #[schema(example = 60000)]
    minimum_purchase: u32,
    #[schema(example = json!(["Efectivo", "Transferencia"]))]
    payment_methods: Vec<String>,
    /// As it was sold.
    #[schema(example = "ALTA")]
    plan: String,
    /// `NONE`, `BASICO`, `MEDIA` or `MAXIMA`.
    #[schema(example = "MEDIA")]
    plan_tier: &'static str,
    /// `PENDING_VERIFICATION`, `ACTIVE`, `AGENDA_SUSPENDED`, `HIDDEN` or `BANNED`.
    #[schema(example = "ACTIVE")]
    status: &'static str,
    /// `ADMIN` or `SELF_SERVICE`.
    #[schema(example = "ADMIN")]
    registration_source: &'static str,
    /// `LIT`, `DIMMED` or `HIDDEN`.
    #[schema(example = "LIT")]
    visibility_state: &'static str,
    /// `VERIFIED`, `UNVERIFIED` or `REJECTED`.
    #[schema(example = "VERIFIED")]
    verification_state: &'static str,
    contacts_public: bool,
    is_gallery: bool,
    gallery_name: Option<String>,
    gallery_local: Option<String>,
    gallery_floor: Option<String>,
    address_base: Option<String>,
    address_display: Option<String>,
    #[schema(example = "2026-02-11T15:04:05.000Z")]
    status_changed_at: Option<String>,
    owner_accepted_at: Option<String>,
    agenda_suspended_until: Option<String>,
    active: bool,
    #[schema(example = "2025-12-29T18:30:00.000Z")]
    created_at: String,
    #[schema(example = "2026-03-01T12:00:00.000Z")]
    updated_at: String,
    /// From 1 to 5; 0 without reviews.
    #[schema(example = 4.6)]
    rating_average: f64,
    #[schema(example = 18)]
    rating_count: u32,
    /// Empty when contacts are not shown.
    social_handles: Vec<HandleView>,
    /// Empty when contacts are not shown.
    whatsapp_lines: Vec<LineView>,
    /// Absent when there is none and when contacts are not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(flatten)]
    #[schema(value_type = OwnView)]
    own: Option<OwnView>,
}

/// What only who runs a shop and administrators see; to others the document shows it as members that may be absent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OwnShop)]
pub(crate) struct OwnView {
    /// Why it stands where it stands.
    status_reason: Option<String>,
    agenda_suspended_reason: Option<String>,
    /// Lives that were credited.
    #[schema(required = false)]
    stream_quota: u32,
    /// Reels that were credited.
    #[schema(required = false)]
    reel_quota: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    auth_user_id: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_email_private: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_whatsapp_private: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    razon_social: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cuit: Option<String>,
    /// What it may still publish; absent when it has never had any quota.
    #[serde(skip_serializing_if = "Option::is_none")]
    quota_wallet: Option<WalletView>,
    /// Those that the platform before this one gave out, newest first, at most fifty. Nobody is given any more.
    #[schema(required = false)]
    penalties: Vec<PenaltyView>,
}

/// A shop's quota as it counts now: what was used in a week or on a day that is over is 0 again.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuotaWallet)]
pub(crate) struct WalletView {
    /// Lives a week that the plan includes.
    #[schema(example = 1)]
    weekly_live_base_limit: u32,
    /// How many of those are spent this week, which began on Monday in Buenos Aires.
    #[schema(example = 1)]
    weekly_live_used: u32,
    /// Lives that were bought and are left.
    #[schema(example = 2)]
    live_extra_balance: u32,
    /// Reels a day that the plan includes.
    #[schema(example = 3)]
    reel_daily_limit: u32,
    /// How many of those are spent today, in Buenos Aires.
    #[schema(example = 1)]
    reel_daily_used: u32,
    /// Reels that were bought and are left.
    #[schema(example = 0)]
    reel_extra_balance: u32,
}

/// A penalty of the platform before this one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Penalty)]
pub(crate) struct PenaltyView {
    id: Uuid,
    #[schema(example = "Vivo no realizado")]
    reason: String,
    #[schema(example = "2025-11-20T18:30:00.000Z")]
    created_at: String,
    /// Whether it was still in force.
    active: bool,
}

/// A shop on a network.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SocialHandle)]
pub(crate) struct HandleView {
    /// `Instagram`, `TikTok`, `Facebook` or `YouTube`.
    #[schema(example = "Instagram")]
    platform: &'static str,
    #[schema(example = "lunaazul.ok")]
    handle: String,
}

/// A telephone of a shop.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WhatsappLine)]
pub(crate) struct LineView {
    #[schema(example = "Ventas por mayor")]
    label: String,
    #[schema(example = "+5491144440101")]
    number: String,
}

impl ShopView {
    /// A shop of a list, for a viewer.
    pub(crate) fn of(viewer: Viewer, listed: &ListedShop) -> Self {
        Self::new(listed, sight(&listed.shop, viewer))
    }

    /// All of them.
    pub(crate) fn all(viewer: Viewer, listed: &[ListedShop]) -> Vec<Self> {
        listed
            .iter()
            .map(|listed| Self::of(viewer, listed))
            .collect()
    }

    fn new(listed: &ListedShop, sight: Sight<'_>) -> Self {
        let ListedShop { shop, rating, own } = listed;
        let time = |at: Option<Timestamp>| at.map(to_wire);
        Self {
            id: shop.id,
            name: shop.name.clone(),
            slug: shop.slug.clone(),
            logo_url: shop.logo_url.clone(),
            cover_url: shop.cover_url.clone(),
            website: shop.website.clone(),
            address: shop.address.clone(),
            minimum_purchase: shop.minimum_purchase,
            payment_methods: shop.payment_methods.clone(),
            plan: shop.plan.clone(),
            plan_tier: shop.plan_tier.as_str(),
            status: shop.status.as_str(),
            registration_source: shop.registration_source.as_str(),
            visibility_state: shop.visibility.as_str(),
            verification_state: shop.verification.as_str(),
            contacts_public: shop.contacts_public,
            is_gallery: shop.gallery.declared,
            gallery_name: shop.gallery.name.clone(),
            gallery_local: shop.gallery.local.clone(),
            gallery_floor: shop.gallery.floor.clone(),
            address_base: shop.address_base.clone(),
            address_display: shop.address_display.clone(),
            status_changed_at: time(shop.status_changed_at),
            owner_accepted_at: time(shop.owner_accepted_at),
            agenda_suspended_until: time(shop.suspension.until),
            active: shop.active,
            created_at: to_wire(shop.created_at),
            updated_at: to_wire(shop.updated_at),
            rating_average: rating.average,
            rating_count: rating.count,
            social_handles: sight.social_handles.iter().map(HandleView::of).collect(),
            whatsapp_lines: sight.whatsapp_lines.iter().map(LineView::of).collect(),
            email: sight.email.map(str::to_owned),
            own: sight
                .private
                .map(|private| OwnView::new(shop, private, own.as_ref())),
            address_details: sight.address_details,
        }
    }
}

impl OwnView {
    fn new(shop: &Shop, private: Private<'_>, own: Option<&Own>) -> Self {
        Self {
            status_reason: shop.status_reason.clone(),
            agenda_suspended_reason: shop.suspension.reason.clone(),
            stream_quota: shop.stream_quota,
            reel_quota: shop.reel_quota,
            auth_user_id: shop.owner,
            contact_email_private: private.contact_email.map(str::to_owned),
            contact_whatsapp_private: private.contact_whatsapp.map(str::to_owned),
            razon_social: private.razon_social.map(str::to_owned),
            cuit: private.cuit.map(str::to_owned),
            quota_wallet: own.and_then(|own| own.wallet.as_ref()).map(WalletView::of),
            penalties: own
                .into_iter()
                .flat_map(|own| &own.penalties)
                .map(PenaltyView::of)
                .collect(),
        }
    }
}

impl WalletView {
    fn of(Wallet { lives, reels }: &Wallet) -> Self {
        Self {
            weekly_live_base_limit: lives.weekly_limit,
            weekly_live_used: lives.weekly_used,
            live_extra_balance: lives.extra_balance,
            reel_daily_limit: reels.daily_limit,
            reel_daily_used: reels.daily_used,
            reel_extra_balance: reels.extra_balance,
        }
    }
}

impl PenaltyView {
    fn of(penalty: &Penalty) -> Self {
        Self {
            id: penalty.id,
            reason: penalty.reason.clone(),
            created_at: to_wire(penalty.created_at),
            active: penalty.active,
        }
    }
}

impl HandleView {
    fn of(social: &SocialHandle) -> Self {
        Self {
            platform: social.platform.as_str(),
            handle: social.handle.clone(),
        }
    }
}

impl LineView {
    fn of(line: &WhatsappLine) -> Self {
        Self {
            label: line.label.clone(),
            number: line.number.clone(),
        }
    }
}
