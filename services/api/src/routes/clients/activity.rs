//! Everything a buyer's page shows, at once.

use avvivo_app::clients::read::{self, Activity};
use avvivo_http_kit::{Problem, Reply, Require};
use avvivo_kernel::{ConversationId, time::to_wire};
use avvivo_postgres::{chat::Listed, notifications::Notification};
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    refused,
    views::{FavoriteView, ProfileView, ReminderView, ShopRef, StateView, moment},
};
use crate::{caller::Client, routes::ProblemView, state::ApiState};

/// Everything a buyer's page shows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClientActivity)]
pub(crate) struct ActivityView {
    profile: ProfileView,
    stats: StatsView,
    /// The ids of the lists below, of viewed reels and of liked lives.
    state: StateView,
    favorites: Vec<FavoriteView>,
    reminders: Vec<ReminderView>,
    /// The newest 20.
    notifications: Vec<NotificationView>,
    /// The liveliest 20.
    conversations: Vec<TalkView>,
}

/// How much there is of what is shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClientStats)]
struct StatsView {
    #[serde(rename = "favoritesCount")]
    favorites: usize,
    #[serde(rename = "remindersCount")]
    reminders: usize,
    #[serde(rename = "viewedReelsCount")]
    viewed_reels: usize,
    #[serde(rename = "likesCount")]
    likes: usize,
    /// All of them.
    #[serde(rename = "unreadNotificationsCount")]
    unread_notifications: i64,
    #[serde(rename = "conversationsCount")]
    conversations: usize,
}

/// Something a buyer was told.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ClientNotification)]
struct NotificationView {
    id: Uuid,
    message: String,
    #[schema(example = "REMINDER")]
    r#type: &'static str,
    ref_id: Option<Uuid>,
    notify_at: Option<String>,
    #[schema(example = "QUEUED")]
    status: String,
    read: bool,
    created_at: String,
}

/// Something a buyer talks about with a shop.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ClientTalk)]
struct TalkView {
    #[schema(value_type = uuid::Uuid)]
    id: ConversationId,
    #[schema(example = "OPEN")]
    status: &'static str,
    updated_at: String,
    created_at: String,
    first_response_seconds: Option<i32>,
    last_message_preview: Option<String>,
    last_client_message_at: Option<String>,
    last_shop_message_at: Option<String>,
    shop: ShopRef,
}

/// Everything a buyer's page shows
///
/// Profile, counts, ids, the newest 50 favourites, the next 50 reminders, the newest 20 notifications and the liveliest 20
/// conversations.
#[utoipa::path(
    get,
    path = "/clients/me/activity",
    operation_id = "get_client_activity",
    tag = "clients",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "All of it", body = ActivityView),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not a client", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Require(Client(account)): Require<Client>,
) -> Result<Reply<ActivityView>, Problem> {
    let activity = read::activity(&state.deps, account)
        .await
        .map_err(refused)?;
    Ok(Reply::ok(activity.into()))
}

impl From<Activity> for ActivityView {
    fn from(activity: Activity) -> Self {
        let unread = activity.marks.unread_notifications;
        // As clients know it: of favourites and reminders, those that are listed.
        let state = StateView {
            favorites: activity.favorites.iter().map(|kept| kept.shop).collect(),
            reminders: activity.reminders.iter().map(|live| live.stream).collect(),
            ..activity.marks.into()
        };
        Self {
            profile: activity.profile.into(),
            stats: StatsView {
                favorites: state.favorites.len(),
                reminders: state.reminders.len(),
                viewed_reels: state.viewed_reels.len(),
                likes: state.likes.len(),
                unread_notifications: unread,
                conversations: activity.conversations.len(),
            },
            state,
            favorites: activity.favorites.into_iter().map(Into::into).collect(),
            reminders: activity.reminders.into_iter().map(Into::into).collect(),
            notifications: activity.notifications.into_iter().map(Into::into).collect(),
            conversations: activity.conversations.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Notification> for NotificationView {
    fn from(told: Notification) -> Self {
        Self {
            id: told.id,
            message: told.message,
            r#type: told.kind.as_str(),
            ref_id: told.ref_id,
            notify_at: moment(told.notify_at),
            status: told.status,
            read: told.read,
            created_at: to_wire(told.created_at),
        }
    }
}

impl From<Listed> for TalkView {
    fn from(listed: Listed) -> Self {
        let conversation = listed.conversation;
        Self {
            id: conversation.id,
            status: conversation.status.as_str(),
            updated_at: to_wire(conversation.updated_at),
            created_at: to_wire(conversation.created_at),
            first_response_seconds: conversation.first_response_seconds,
            last_message_preview: conversation.last_message_preview,
            last_client_message_at: moment(conversation.last_client_message_at),
            last_shop_message_at: moment(conversation.last_shop_message_at),
            shop: ShopRef {
                id: listed.shop.id,
                name: listed.shop.name,
                logo_url: listed.shop.logo_url,
            },
        }
    }
}
