//! Asking for a reel.

use avvivo_kernel::{ReelId, ShopId, Timestamp};
use chrono::TimeDelta;
use serde_json::Value;

use super::{
    LIFETIME, MAX_PHOTOS, Platform, Reel, ReelError, ReelStatus, ReelType, RenderState, Source,
    editor_state,
};
use crate::shops::{ShopStanding, ShopStatus};

/// Seconds a reel is shown when nothing else is said.
const DEFAULT_DURATION: u32 = 10;
/// Shorter cannot be read, longer is not accepted as a source.
const DURATION_RANGE: std::ops::RangeInclusive<u32> = 5..=17;
/// Longer labels are cut.
const MAX_LABEL_CHARS: usize = 48;

/// Which addresses the client named as media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Media {
    /// One video.
    Video(String),
    /// One to five photos, in order.
    Photos(Vec<String>),
}

impl Media {
    /// Reads the client's three fields; falsy photos are dropped.
    pub fn from_fields(
        kind: ReelType,
        video_url: Option<String>,
        photo_urls: Vec<String>,
    ) -> Result<Self, ReelError> {
        match kind {
            ReelType::PhotoSet => {
                let photos: Vec<_> = photo_urls
                    .into_iter()
                    .filter(|url| !url.is_empty())
                    .collect();
                match photos.len() {
                    0 => Err(ReelError::PhotosMissing),
                    n if n > MAX_PHOTOS => Err(ReelError::TooManyPhotos),
                    _ => Ok(Self::Photos(photos)),
                }
            }
            ReelType::Video => video_url
                .filter(|url| !url.is_empty())
                .map(Self::Video)
                .ok_or(ReelError::VideoMissing),
        }
    }

    /// What a reel of this media is.
    pub fn kind(&self) -> ReelType {
        match self {
            Self::Video(_) => ReelType::Video,
            Self::Photos(_) => ReelType::PhotoSet,
        }
    }
}

/// The seconds a reel is shown, from what the client sent: nothing or zero means the default, fractions are cut.
pub fn duration_seconds(asked: Option<f64>) -> u32 {
    match asked {
        Some(seconds) if seconds.is_finite() && seconds.abs() >= f64::EPSILON => {
            // Comparing steps avoids a conversion that could wrap.
            let whole = seconds.floor();
            DURATION_RANGE
                .rev()
                .find(|step| f64::from(*step) <= whole)
                .unwrap_or(*DURATION_RANGE.start())
        }
        _ => DEFAULT_DURATION,
    }
}

/// The label as it is kept: trimmed and cut, none when blank. The character of code zero cannot be kept.
pub fn preset_label(asked: Option<&str>) -> Option<String> {
    let kept = asked?.trim().chars().filter(|c| *c != '\0');
    let cut: String = kept.take(MAX_LABEL_CHARS).collect();
    Some(cut).filter(|label| !label.is_empty())
}

/// Whether this shop may publish a reel. Administrators who override do not ask.
pub fn may_publish(shop: &ShopStanding) -> Result<(), ReelError> {
    if !shop.active || shop.status != ShopStatus::Active {
        return Err(ReelError::ShopNotEnabled);
    }
    if shop.has_no_plan() {
        return Err(ReelError::NoPlan);
    }
    Ok(())
}

/// What to do about reels of the shop that are still being processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SingleProcessing {
    /// Those that take too long to be believed in: give them up.
    pub give_up: Vec<ReelId>,
}

/// One reel at a time is processed for a shop. `in_process` are its reels in PROCESSING that have not expired.
pub fn single_processing(
    in_process: &[(ReelId, Timestamp)],
    stale_after: TimeDelta,
    now: Timestamp,
) -> Result<SingleProcessing, ReelError> {
    let stale = |created: Timestamp| now.signed_duration_since(created) > stale_after;
    if in_process.iter().any(|(_, created)| !stale(*created)) {
        return Err(ReelError::AlreadyProcessing);
    }
    Ok(SingleProcessing {
        give_up: in_process.iter().map(|(id, _)| *id).collect(),
    })
}

/// A reel that is about to exist.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Its id.
    pub id: ReelId,
    /// Whose.
    pub shop_id: ShopId,
    /// Which network it imitates.
    pub platform: Platform,
    /// As [`preset_label`] gives it.
    pub preset_label: Option<String>,
    /// As [`duration_seconds`] gives it.
    pub duration_seconds: u32,
    /// As the client sent it.
    pub editor_state: Option<Value>,
    /// A still that the client offers until there is ours.
    pub thumbnail_url: Option<String>,
    /// The media, as addresses.
    pub media: Media,
    /// W3C trace context of the request.
    pub traceparent: Option<String>,
}

/// Makes the reel: PROCESSING, for a day, still pointing at the raw uploads.
pub fn create(draft: Draft, now: Timestamp) -> Reel {
    let kind = draft.media.kind();
    let (video_url, photo_urls) = match draft.media {
        Media::Video(url) => (Some(url), Vec::new()),
        Media::Photos(urls) => (None, urls),
    };
    Reel {
        id: draft.id,
        shop_id: draft.shop_id,
        kind,
        status: ReelStatus::Processing,
        platform: draft.platform,
        preset_label: draft.preset_label,
        duration_seconds: draft.duration_seconds,
        editor_state: draft.editor_state.map(editor_state::without_worker_keys),
        video_url,
        photo_urls,
        thumbnail_url: draft.thumbnail_url,
        views: 0,
        created_at: now,
        expires_at: now + LIFETIME,
        render: RenderState {
            version: 1,
            stage: None,
            progress: 0,
            attempts: 0,
            failure: None,
            failed_at: None,
            requeued_at: None,
            rendered_at: None,
            report: None,
            lease: None,
        },
        traceparent: draft.traceparent,
    }
}

/// The bytes of all sources together.
pub fn total_bytes(sources: &[Source]) -> u64 {
    sources
        .iter()
        .map(|source| source.size_bytes)
        .fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn durations_are_cut_and_clamped() {
        for (asked, kept) in [
            (None, 10),
            (Some(0.0), 10),
            (Some(f64::NAN), 10),
            (Some(-3.0), 5),
            (Some(4.9), 5),
            (Some(12.7), 12),
            (Some(17.0), 17),
            (Some(1e300), 17),
        ] {
            assert_eq!(duration_seconds(asked), kept, "{asked:?}");
        }
    }

    #[test]
    fn labels_are_trimmed_and_cut_by_characters() {
        assert_eq!(preset_label(Some("  ñandú ")).as_deref(), Some("ñandú"));
        assert_eq!(
            preset_label(Some(&"ñ".repeat(60))).map(|l| l.chars().count()),
            Some(48)
        );
        assert_eq!(preset_label(Some("   ")), None);
        assert_eq!(preset_label(Some("a\0b ")).as_deref(), Some("ab"));
    }

    #[test]
    fn media_must_be_there_and_not_too_much() {
        let photos = |n| vec!["u".to_owned(); n];
        assert_eq!(
            Media::from_fields(ReelType::PhotoSet, None, photos(0)),
            Err(ReelError::PhotosMissing)
        );
        assert_eq!(
            Media::from_fields(ReelType::PhotoSet, None, photos(6)),
            Err(ReelError::TooManyPhotos)
        );
        assert_eq!(
            Media::from_fields(ReelType::Video, None, photos(1)),
            Err(ReelError::VideoMissing)
        );
        let blank = vec![String::new(), "u".to_owned()];
        assert_eq!(
            Media::from_fields(ReelType::PhotoSet, None, blank),
            Ok(Media::Photos(photos(1)))
        );
    }

    #[test]
    fn a_reel_in_process_blocks_until_it_is_stale() {
        let now: Timestamp = "2026-03-10T12:00:00Z".parse().unwrap();
        let id = ReelId::from(Uuid::from_u128(1));
        let stale_after = TimeDelta::minutes(45);
        let fresh = [(id, now - TimeDelta::minutes(44))];
        let stale = [(id, now - TimeDelta::minutes(46))];
        assert_eq!(
            single_processing(&fresh, stale_after, now),
            Err(ReelError::AlreadyProcessing)
        );
        assert_eq!(
            single_processing(&stale, stale_after, now).map(|s| s.give_up),
            Ok(vec![id])
        );
        assert_eq!(
            single_processing(&[], stale_after, now).map(|s| s.give_up),
            Ok(vec![])
        );
    }
}
