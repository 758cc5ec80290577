//! A reel as the table has it, and the way to a domain value.

use avvivo_domain::reels::{
    Lease, Platform, Reel, ReelStatus, ReelType, RenderFailure, RenderState, Stage,
};
use avvivo_kernel::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::DbError;

pub(super) struct ReelRow {
    pub(super) id: Uuid,
    pub(super) shop_id: Uuid,
    pub(super) kind: String,
    pub(super) status: String,
    pub(super) platform: String,
    pub(super) preset_label: Option<String>,
    pub(super) duration_seconds: i32,
    pub(super) editor_state: Option<Value>,
    pub(super) video_url: Option<String>,
    pub(super) photo_urls: Vec<String>,
    pub(super) thumbnail_url: Option<String>,
    pub(super) views: i32,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) render_version: i32,
    pub(super) render_stage: Option<String>,
    pub(super) render_progress: i16,
    pub(super) render_attempts: i32,
    pub(super) render_error_code: Option<String>,
    pub(super) render_error_message: Option<String>,
    pub(super) render_failed_at: Option<Timestamp>,
    pub(super) render_requeued_at: Option<Timestamp>,
    pub(super) rendered_at: Option<Timestamp>,
    pub(super) render_report: Option<Value>,
    pub(super) lease_token: Option<Uuid>,
    pub(super) lease_taken_at: Option<Timestamp>,
    pub(super) lease_until: Option<Timestamp>,
    pub(super) traceparent: Option<String>,
}

/// Selects whole reels, `r`, by what follows `FROM reels AS r`.
macro_rules! reels {
    ($tail:literal $(, $argument:expr)* $(,)?) => {
        $crate::reels::row::selected!("r.editor_state", "r.render_report", $tail $(, $argument)*)
    };
}
pub(super) use reels;

/// Selects reels for lists that show neither the editor's state nor the renderer's report, which are what makes a row large:
/// up to a megabyte each, by a hundred rows and more.
macro_rules! listed_reels {
    ($tail:literal $(, $argument:expr)* $(,)?) => {
        $crate::reels::row::selected!(
            r#"NULL::jsonb AS "editor_state?""#,
            r#"NULL::jsonb AS "render_report?""#,
            $tail
            $(, $argument)*
        )
    };
}
pub(super) use listed_reels;

/// The columns are spelled out here once.
macro_rules! selected {
    ($editor_state:literal, $render_report:literal, $tail:literal $(, $argument:expr)*) => {
        sqlx::query_as!(
            ReelRow,
            r#"
            SELECT
                r.id,
                r.shop_id,
                r.type::text AS "kind!",
                r.status::text AS "status!",
                r.platform::text AS "platform!",
                r.preset_label,
                r.duration_seconds,
                "# + $editor_state + r#",
                r.video_url,
                r.photo_urls,
                r.thumbnail_url,
                r.views,
                r.created_at,
                r.expires_at,
                r.render_version,
                r.render_stage::text AS render_stage,
                r.render_progress,
                r.render_attempts,
                r.render_error_code,
                r.render_error_message,
                r.render_failed_at,
                r.render_requeued_at,
                r.rendered_at,
                "# + $render_report + r#",
                r.lease_token,
                r.lease_taken_at,
                r.lease_until,
                r.traceparent
            FROM reels AS r
            "# + $tail
            $(, $argument)*
        )
    };
}
pub(super) use selected;

impl TryFrom<ReelRow> for Reel {
    type Error = DbError;

    fn try_from(row: ReelRow) -> Result<Self, DbError> {
        let broken = |column, value: &dyn ToString| {
            DbError::broken("reels", column, row.id, value.to_string())
        };
        let count = |column, value: i32| {
            u32::try_from(value).map_err(|_: std::num::TryFromIntError| broken(column, &value))
        };
        let render = RenderState {
            version: count("render_version", row.render_version)?,
            stage: match &row.render_stage {
                Some(word) => Some(Stage::parse(word).ok_or_else(|| broken("render_stage", word))?),
                None => None,
            },
            progress: u8::try_from(row.render_progress).map_err(
                |_: std::num::TryFromIntError| broken("render_progress", &row.render_progress),
            )?,
            attempts: count("render_attempts", row.render_attempts)?,
            failure: row.render_error_code.map(|code| RenderFailure {
                code,
                message: row.render_error_message.unwrap_or_default(),
            }),
            failed_at: row.render_failed_at,
            requeued_at: row.render_requeued_at,
            rendered_at: row.rendered_at,
            report: row.render_report,
            lease: row
                .lease_token
                .zip(row.lease_until)
                .map(|(token, until)| Lease {
                    token: token.into(),
                    taken_at: row.lease_taken_at.unwrap_or(until),
                    until,
                }),
        };
        Ok(Self {
            id: row.id.into(),
            shop_id: row.shop_id.into(),
            kind: ReelType::parse(&row.kind)
                .ok_or_else(|| DbError::broken("reels", "type", row.id, &row.kind))?,
            status: ReelStatus::parse(&row.status)
                .ok_or_else(|| DbError::broken("reels", "status", row.id, &row.status))?,
            platform: Platform::parse(&row.platform)
                .ok_or_else(|| DbError::broken("reels", "platform", row.id, &row.platform))?,
            preset_label: row.preset_label,
            duration_seconds: u32::try_from(row.duration_seconds).unwrap_or_default(),
            editor_state: row.editor_state,
            video_url: row.video_url,
            photo_urls: row.photo_urls,
            thumbnail_url: row.thumbnail_url,
            views: u32::try_from(row.views).unwrap_or_default(),
            created_at: row.created_at,
            expires_at: row.expires_at,
            render,
            traceparent: row.traceparent,
        })
    }
}
