//! What clients see of a reel: everybody, and its owner.

use avvivo_domain::reels::editor_state::with_worker_keys;
use avvivo_kernel::{ReelId, ShopId, Timestamp, time::to_wire};
use avvivo_postgres::reels::{ReelShop, ReelWithShop};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A reel, as everybody sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Reel)]
pub(crate) struct ReelView {
    #[schema(value_type = uuid::Uuid)]
    id: ReelId,
    #[schema(value_type = uuid::Uuid)]
    shop_id: ShopId,
    /// `VIDEO` or `PHOTO_SET`.
    #[schema(example = "VIDEO")]
    r#type: &'static str,
    video_url: Option<String>,
    photo_urls: Vec<String>,
    thumbnail_url: Option<String>,
    preset_label: Option<String>,
    /// How long the player shows it, in seconds.
    duration_seconds: u32,
    /// `ACTIVE`, `PROCESSING`, `EXPIRED` or `HIDDEN`.
    #[schema(example = "ACTIVE")]
    status: &'static str,
    /// `Instagram`, `TikTok`, `Facebook` or `YouTube`.
    #[schema(example = "Instagram")]
    platform: &'static str,
    hidden: bool,
    views: u32,
    #[schema(example = "2026-03-10T13:58:02.117Z")]
    created_at: String,
    #[schema(example = "2026-03-11T13:58:02.117Z")]
    expires_at: String,
    shop: ShopView,
}

/// A reel, as its owner and administrators see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OwnerReel)]
pub(crate) struct OwnerReelView {
    #[serde(flatten)]
    public: ReelView,
    /// The editor's state, with the keys that tell how the rendering stands.
    #[schema(value_type = Option<Object>)]
    editor_state: Option<Value>,
    /// The rendering under way.
    processing_job_id: Option<String>,
}

/// The shop of a reel.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReelShop)]
pub(crate) struct ShopView {
    #[schema(value_type = uuid::Uuid)]
    id: ShopId,
    name: String,
    slug: String,
    logo_url: Option<String>,
    cover_url: Option<String>,
    website: Option<String>,
    /// At most `lat`, `lng`, `mapsUrl` and `catalogUrl`.
    #[schema(value_type = Option<Object>)]
    address_details: Option<Value>,
}

impl ReelView {
    /// The reel as it stands at `now`.
    pub(crate) fn at(now: Timestamp, found: ReelWithShop) -> Self {
        let status = found.reel.status_at(now).as_str();
        let hidden = found.reel.is_hidden();
        let reel = found.reel;
        Self {
            id: reel.id,
            shop_id: reel.shop_id,
            r#type: reel.kind.as_str(),
            video_url: reel.video_url,
            photo_urls: reel.photo_urls,
            thumbnail_url: reel.thumbnail_url,
            preset_label: reel.preset_label,
            duration_seconds: reel.duration_seconds,
            status,
            platform: reel.platform.as_str(),
            hidden,
            views: reel.views,
            created_at: to_wire(reel.created_at),
            expires_at: to_wire(reel.expires_at),
            shop: found.shop.into(),
        }
    }

    /// All of them.
    pub(crate) fn all(now: Timestamp, found: Vec<ReelWithShop>) -> Vec<Self> {
        found
            .into_iter()
            .map(|found| Self::at(now, found))
            .collect()
    }
}

impl OwnerReelView {
    /// The reel as it stands at `now`.
    pub(crate) fn at(now: Timestamp, found: ReelWithShop) -> Self {
        let editor_state = with_worker_keys(&found.reel);
        let processing_job_id = found
            .reel
            .render
            .lease
            .as_ref()
            .map(|lease| lease.token.to_string());
        Self {
            public: ReelView::at(now, found),
            editor_state,
            processing_job_id,
        }
    }
}

impl From<ReelShop> for ShopView {
    fn from(shop: ReelShop) -> Self {
        Self {
            id: shop.id,
            name: shop.name,
            slug: shop.slug,
            logo_url: shop.logo_url,
            cover_url: shop.cover_url,
            website: shop.website,
            address_details: shop.address_details.and_then(reduced),
        }
    }
}

/// The part of an address that everybody may see: a place on the map and two links.
fn reduced(details: Value) -> Option<Value> {
    let Value::Object(details) = details else {
        return None;
    };
    let shown = details
        .into_iter()
        .filter(|(key, value)| match key.as_str() {
            "lat" | "lng" => true,
            "mapsUrl" | "catalogUrl" => value.as_str().is_some_and(|link| !link.is_empty()),
            _ => false,
        });
    Some(Value::Object(shown.collect::<Map<_, _>>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_show_a_place_and_two_links() {
        let stored = json!({"street": "Av. Avellaneda", "lat": null, "lng": 1.5, "mapsUrl": "", "catalogUrl": "c"});
        assert_eq!(
            reduced(stored),
            Some(json!({"lat": null, "lng": 1.5, "catalogUrl": "c"}))
        );
        assert_eq!(reduced(json!({})), Some(json!({})));
        assert_eq!(reduced(json!("text")), None);
    }
}
