//! The page that administrators look at.

use avvivo_http_kit::{Problem, Reply, Require};
use avvivo_kernel::time::{BUSINESS_ZONE, business_clock, to_wire};
use avvivo_redis::{GatewayTotals, RedisError, RedisStatus};
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
    /// `notifications`, `sanctions` and `streams` are settings of the answering process, not readings: the jobs run in the
    /// scheduler, which has settings of its own.
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
    /// What the settings ask for: `memory`, `redis` or `pubsub`.
    requested_mode: &'static str,
    /// What is used: `redis` or `pubsub`. Asking for `memory` is asking for `pubsub`.
    effective_mode: &'static str,
    redis_configured: bool,
    /// The pattern of the channels that carry events; null where Redis carries none.
    redis_channel: Option<String>,
    instance_id: String,
    /// Why this process does not hear events, else why the totals are not known.
    last_error: Option<String>,
    /// Over all gateways; null while it is not known, as without Redis.
    active_channels: Option<u64>,
    /// Over all gateways; null while it is not known.
    active_connections: Option<u64>,
    /// How many gateways report; null while it is not known.
    gateways: Option<u64>,
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
    _: Require<Admin>,
) -> Result<Reply<StatusView>, Problem> {
    let now = state.deps.clock.now();
    // Before the state of Redis is told: whether it answers is found out here.
    let (totals, unknown) = match gateways(&state).await {
        Ok(totals) => (totals, None),
        Err(error) => (None, Some(error.to_string())),
    };
    let deaf = state.hearing.check().err();
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
            requested_mode: state.requested_bus.word(),
            effective_mode: state.bus.kind().word(),
            redis_configured: redis.configured,
            redis_channel: state.bus.redis_channels(),
            instance_id: state.instance.to_string(),
            last_error: deaf.map(|down| down.code.to_owned()).or(unknown),
            active_channels: totals.map(|totals| totals.channels),
            active_connections: totals.map(|totals| totals.connections),
            gateways: totals.map(|totals| totals.instances),
        },
        redis: redis.into(),
    }))
}

/// What the gateways report; nothing without Redis, where they have nowhere to report to.
async fn gateways(state: &ApiState) -> Result<Option<GatewayTotals>, RedisError> {
    match &state.redis {
        Some(redis) => redis.gateway_totals(state.deps.clock.now()).await.map(Some),
        None => Ok(None),
    }
}
