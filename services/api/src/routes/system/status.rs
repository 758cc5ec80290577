//! The page that administrators look at.

use avvivo_http_kit::{Problem, Reply, Require};
use avvivo_kernel::time::{BUSINESS_ZONE, business_clock, to_wire};
use avvivo_redis::RedisStatus;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{caller::Admin, config::Schedule, routes::ProblemView, state::ApiState};

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SystemStatus)]
pub(crate) struct StatusView {
    server_time: String,
    /// `YYYY-MM-DD HH:mm:ss` in Buenos Aires.
    server_time_buenos_aires: String,
    time_zone: &'static str,
    node_env: String,
    notifications: NotificationsView,
    sanctions: ScheduleView,
    streams: ScheduleView,
    redis: RedisView,
    chat_realtime: RealtimeView,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NotificationsStatus)]
pub(crate) struct NotificationsView {
    enabled: bool,
    interval_minutes: u32,
    window_minutes: u32,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ScheduleStatus)]
pub(crate) struct ScheduleView {
    enabled: bool,
    interval_minutes: u32,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RedisStatus)]
pub(crate) struct RedisView {
    configured: bool,
    key_prefix: Option<String>,
    tls: bool,
    /// `idle`, `connecting`, `ready`, `reconnecting` or `end`.
    command_status: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RealtimeStatus)]
pub(crate) struct RealtimeView {
    requested_mode: String,
    effective_mode: &'static str,
    redis_configured: bool,
    /// Events travel over Pub/Sub.
    redis_channel: Option<String>,
    instance_id: String,
    last_error: Option<String>,
    /// Over all gateways.
    active_channels: u64,
    /// Over all gateways.
    active_connections: u64,
    /// How many gateways report.
    gateways: u64,
}

impl From<Schedule> for ScheduleView {
    fn from(schedule: Schedule) -> Self {
        Self {
            enabled: schedule.enabled,
            interval_minutes: schedule.interval_minutes,
        }
    }
}

impl From<RedisStatus> for RedisView {
    fn from(status: RedisStatus) -> Self {
        Self {
            configured: status.configured,
            key_prefix: status.key_prefix,
            tls: status.tls,
            command_status: status.command_status.as_str(),
        }
    }
}

/// How the platform is doing
///
/// For administrators.
#[utoipa::path(
    get,
    path = "/system/status",
    operation_id = "get_system_status",
    tag = "system",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "How it is doing", body = StatusView),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Require(Admin): Require<Admin>,
) -> Result<Reply<StatusView>, Problem> {
    let now = state.deps.clock.now();
    // Before the state of Redis is told: whether it answers is found out here.
    let gateways = gateways(&state).await;
    let redis = state
        .redis
        .as_ref()
        .map_or_else(|| state.no_redis.clone(), avvivo_redis::Redis::status);
    let status = &state.status;
    Ok(Reply::ok(StatusView {
        server_time: to_wire(now),
        server_time_buenos_aires: business_clock(now),
        time_zone: BUSINESS_ZONE.name(),
        node_env: status.environment.clone(),
        notifications: NotificationsView {
            enabled: status.notifications.enabled,
            interval_minutes: status.notifications.interval_minutes,
            window_minutes: status.notification_window_minutes,
        },
        sanctions: status.sanctions.into(),
        streams: status.streams.into(),
        chat_realtime: RealtimeView {
            requested_mode: status.requested_bus.clone(),
            effective_mode: "pubsub",
            redis_configured: redis.configured,
            redis_channel: None,
            instance_id: state.instance.to_string(),
            last_error: gateways.error,
            active_channels: gateways.channels,
            active_connections: gateways.connections,
            gateways: gateways.instances,
        },
        redis: redis.into(),
    }))
}

#[derive(Default)]
struct Gateways {
    channels: u64,
    connections: u64,
    instances: u64,
    error: Option<String>,
}

/// What the gateways report; none without Redis, where they have nowhere to report to.
async fn gateways(state: &ApiState) -> Gateways {
    let Some(redis) = &state.redis else {
        return Gateways::default();
    };
    match redis.gateway_totals(state.deps.clock.now()).await {
        Ok(totals) => Gateways {
            channels: totals.channels,
            connections: totals.connections,
            instances: totals.instances,
            error: None,
        },
        Err(error) => Gateways {
            error: Some(error.to_string()),
            ..Gateways::default()
        },
    }
}
