//! Frames about reels.

use avvivo_contracts::events::v1::{ReelPublished, ReelStatusChanged, ReelWithdrawn};
use avvivo_kernel::time::to_wire;
use serde::Serialize;

use super::{moment, present};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Moved<'a> {
    reel_id: &'a str,
    shop_id: &'a str,
    status: &'a str,
    stage: Option<&'a str>,
    progress: u32,
    error_code: Option<&'a str>,
    error_message: Option<&'a str>,
    at: &'a str,
}

impl<'a> Moved<'a> {
    pub(super) fn new(reel: &'a ReelStatusChanged, at: &'a str) -> Self {
        Self {
            reel_id: &reel.reel_id,
            shop_id: &reel.shop_id,
            status: &reel.status,
            stage: present(&reel.stage),
            progress: reel.progress,
            error_code: present(&reel.error_code),
            error_message: present(&reel.error_message),
            at,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Published<'a> {
    reel_id: &'a str,
    shop_id: &'a str,
    r#type: &'a str,
    video_url: Option<&'a str>,
    photo_urls: &'a [String],
    thumbnail_url: Option<&'a str>,
    expires_at: Option<String>,
    at: &'a str,
}

impl<'a> Published<'a> {
    pub(super) fn new(reel: &'a ReelPublished, at: &'a str) -> Self {
        Self {
            reel_id: &reel.reel_id,
            shop_id: &reel.shop_id,
            r#type: &reel.r#type,
            video_url: present(&reel.video_url),
            photo_urls: &reel.photo_urls,
            thumbnail_url: present(&reel.thumbnail_url),
            expires_at: reel.expires_at.and_then(moment).map(to_wire),
            at,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Withdrawn<'a> {
    reel_id: &'a str,
    shop_id: &'a str,
    at: &'a str,
}

impl<'a> Withdrawn<'a> {
    pub(super) fn new(reel: &'a ReelWithdrawn, at: &'a str) -> Self {
        Self {
            reel_id: &reel.reel_id,
            shop_id: &reel.shop_id,
            at,
        }
    }
}
