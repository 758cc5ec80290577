//! What buyers are given.

use avvivo_domain::clients::{Client, Completion};
use avvivo_kernel::{AccountId, ReelId, ShopId, StreamId, Timestamp, time::to_wire};
use avvivo_postgres::{
    clients::{Marks, Profile},
    favorites::FavoriteShop,
    reminders::RemindedLive,
};
use chrono::NaiveTime;
use serde::Serialize;
use utoipa::ToSchema;

/// A buyer's profile.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ClientProfile)]
pub(crate) struct ProfileView {
    #[schema(value_type = uuid::Uuid)]
    auth_user_id: AccountId,
    #[schema(example = "carla@example.com")]
    email: String,
    #[serde(flatten)]
    told: ToldView,
    #[schema(example = "2026-03-05T20:11:00.012Z")]
    profile_completed_at: Option<String>,
    completion: CompletionView,
    created_at: String,
    updated_at: String,
}

/// A buyer, as stored.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Client)]
pub(crate) struct ClientView {
    #[schema(value_type = uuid::Uuid)]
    auth_user_id: AccountId,
    #[serde(flatten)]
    told: ToldView,
    profile_completed_at: Option<String>,
    last_seen_at: Option<String>,
    created_at: String,
    updated_at: String,
}

/// What buyers tell of themselves.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ClientFields)]
struct ToldView {
    #[schema(example = "Carla R")]
    display_name: Option<String>,
    #[schema(example = "carla.r")]
    username: Option<String>,
    avatar_url: Option<String>,
    #[schema(example = "+5491133330000")]
    phone: Option<String>,
    #[schema(example = "Rosario")]
    city: Option<String>,
    #[schema(example = "Santa Fe")]
    province: Option<String>,
    #[schema(example = "carlar")]
    instagram_handle: Option<String>,
    onboarding_terms_accepted_at: Option<String>,
    /// Midnight of the day, in UTC.
    #[schema(example = "1990-05-01T00:00:00.000Z")]
    birth_date: Option<String>,
    #[schema(example = json!(["denim", "talles grandes"]))]
    style_tags: Vec<String>,
    marketing_opt_in: bool,
}

/// How much of a profile is there.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProfileCompletion)]
struct CompletionView {
    is_complete: bool,
    /// From 0 to 100, in steps of 20.
    #[schema(example = 80)]
    completion_percent: u8,
    /// What is missing of the required, in the words people read.
    #[schema(value_type = Vec<String>, example = json!(["Usuario"]))]
    missing_required: Vec<&'static str>,
}

impl From<Completion> for CompletionView {
    fn from(completion: Completion) -> Self {
        Self {
            is_complete: completion.is_complete,
            completion_percent: completion.percent,
            missing_required: completion.missing_required,
        }
    }
}

impl From<Profile> for ProfileView {
    fn from(profile: Profile) -> Self {
        let client = profile.client;
        Self {
            auth_user_id: client.account_id,
            email: profile.email,
            profile_completed_at: client.profile_completed_at.map(to_wire),
            completion: client.completion().into(),
            created_at: to_wire(client.created_at),
            updated_at: to_wire(client.updated_at),
            told: client.into(),
        }
    }
}

impl From<Client> for ClientView {
    fn from(client: Client) -> Self {
        Self {
            auth_user_id: client.account_id,
            profile_completed_at: client.profile_completed_at.map(to_wire),
            last_seen_at: client.last_seen_at.map(to_wire),
            created_at: to_wire(client.created_at),
            updated_at: to_wire(client.updated_at),
            told: client.into(),
        }
    }
}

impl From<Client> for ToldView {
    fn from(client: Client) -> Self {
        let midnight = |day: chrono::NaiveDate| to_wire(day.and_time(NaiveTime::MIN).and_utc());
        Self {
            display_name: client.display_name,
            username: client.username,
            avatar_url: client.avatar_url,
            phone: client.phone,
            city: client.city,
            province: client.province,
            instagram_handle: client.instagram_handle,
            onboarding_terms_accepted_at: client.terms_accepted_at.map(to_wire),
            birth_date: client.birth_date.map(midnight),
            style_tags: client.style_tags,
            marketing_opt_in: client.marketing_opt_in,
        }
    }
}

/// What a buyer keeps, wants to be reminded of, has seen and likes: ids, at most 5000 of each.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ClientState)]
pub(crate) struct StateView {
    /// Shops, the newest first.
    #[schema(value_type = Vec<uuid::Uuid>)]
    pub(super) favorites: Vec<ShopId>,
    /// Lives, what comes next first.
    #[schema(value_type = Vec<uuid::Uuid>)]
    pub(super) reminders: Vec<StreamId>,
    /// Reels.
    #[schema(value_type = Vec<uuid::Uuid>)]
    pub(super) viewed_reels: Vec<ReelId>,
    /// Lives.
    #[schema(value_type = Vec<uuid::Uuid>)]
    pub(super) likes: Vec<StreamId>,
}

impl From<Marks> for StateView {
    fn from(marks: Marks) -> Self {
        Self {
            favorites: marks.favorites,
            reminders: marks.reminders,
            viewed_reels: marks.viewed_reels,
            likes: marks.likes,
        }
    }
}

/// A shop that a buyer keeps.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FavoriteItem)]
pub(crate) struct FavoriteView {
    #[schema(value_type = uuid::Uuid)]
    shop_id: ShopId,
    /// The same.
    #[schema(value_type = uuid::Uuid)]
    id: ShopId,
    #[schema(example = "Luna Azul")]
    name: String,
    logo_url: Option<String>,
    address_display: Option<String>,
    #[schema(example = "LIT")]
    visibility_state: String,
    #[schema(example = "ACTIVE")]
    status: String,
}

impl From<FavoriteShop> for FavoriteView {
    fn from(kept: FavoriteShop) -> Self {
        Self {
            shop_id: kept.shop,
            id: kept.shop,
            name: kept.name,
            logo_url: kept.logo_url,
            address_display: kept.address_display,
            visibility_state: kept.visibility,
            status: kept.status,
        }
    }
}

/// A live that a buyer wants to be reminded of.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReminderItem)]
pub(crate) struct ReminderView {
    #[schema(value_type = uuid::Uuid)]
    stream_id: StreamId,
    /// The same.
    #[schema(value_type = uuid::Uuid)]
    id: StreamId,
    #[schema(example = "Liquidación de verano")]
    title: String,
    #[schema(example = "UPCOMING")]
    status: String,
    #[schema(example = "2026-03-08T22:00:00.000Z")]
    scheduled_at: String,
    shop: ShopRef,
    #[schema(example = "2026-03-08T21:45:00.000Z")]
    notify_at: Option<String>,
}

/// A shop by its name.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ShopRef)]
pub(crate) struct ShopRef {
    #[schema(value_type = uuid::Uuid)]
    pub(super) id: ShopId,
    pub(super) name: String,
    pub(super) logo_url: Option<String>,
}

impl From<RemindedLive> for ReminderView {
    fn from(live: RemindedLive) -> Self {
        Self {
            stream_id: live.stream,
            id: live.stream,
            title: live.title,
            status: live.status,
            scheduled_at: to_wire(live.scheduled_at),
            shop: ShopRef {
                id: live.shop,
                name: live.shop_name,
                logo_url: live.shop_logo_url,
            },
            notify_at: live.notify_at.map(to_wire),
        }
    }
}

pub(super) fn moment(at: Option<Timestamp>) -> Option<String> {
    at.map(to_wire)
}
