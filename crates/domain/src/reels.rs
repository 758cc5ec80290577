//! Reels: what they are, how they come to be, how they are rendered, who sees them.
//!
//! Start with [`Reel`]; the life of one is in the crate's documentation.

pub mod create;
pub mod editor_state;
pub mod error;
pub mod render;
pub mod showcase;
pub mod visibility;

use avvivo_kernel::{LeaseToken, ReelId, ShopId, Timestamp};
use chrono::TimeDelta;
use serde_json::Value;

pub use error::ReelError;

wire_enum! {
    /// What a reel consists of.
    ReelType {
        /// One video.
        Video = "VIDEO",
        /// Up to five photos, shown one after the other.
        PhotoSet = "PHOTO_SET",
    }
}

wire_enum! {
    /// Where a reel stands.
    ReelStatus {
        /// In the feed until it expires.
        Active = "ACTIVE",
        /// Being rendered, or waiting for it.
        Processing = "PROCESSING",
        /// Its day is over.
        Expired = "EXPIRED",
        /// Taken down, or never finished.
        Hidden = "HIDDEN",
    }
}

wire_enum! {
    /// The network a reel imitates.
    Platform {
        /// Instagram.
        Instagram = "Instagram",
        /// `TikTok`.
        TikTok = "TikTok",
        /// Facebook.
        Facebook = "Facebook",
        /// `YouTube`.
        YouTube = "YouTube",
    }
}

wire_enum! {
    /// How far the rendering is.
    Stage {
        /// A worker took it.
        Claimed = "CLAIMED",
        /// The source is being fetched and looked at.
        Start = "START",
        /// The video is being encoded.
        RenderVideo = "RENDER_VIDEO",
        /// The photos are being encoded.
        RenderPhotoSet = "RENDER_PHOTO_SET",
        /// Published.
        Done = "DONE",
        /// The last attempt failed; there will be another.
        Error = "ERROR",
        /// A worker vanished; it is back in the queue.
        Requeued = "REQUEUED",
        /// It will not be tried again.
        FailedPermanent = "FAILED_PERMANENT",
    }
}

wire_enum! {
    /// What an upload is for.
    SourceRole {
        /// The video.
        Video = "VIDEO",
        /// One of the photos.
        Photo = "PHOTO",
        /// An image laid over everything.
        Overlay = "OVERLAY",
    }
}

/// How long a reel stays in the feed, counted from its creation.
pub const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// How many photos a set may have; more make each too short to see.
pub const MAX_PHOTOS: usize = 5;

/// How often a rendering is tried before it is given up.
pub const MAX_RENDER_ATTEMPTS: u32 = 5;

/// A reel as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Reel {
    /// Which one.
    pub id: ReelId,
    /// Whose.
    pub shop_id: ShopId,
    /// What it consists of.
    pub kind: ReelType,
    /// Where it stands.
    pub status: ReelStatus,
    /// The network it imitates.
    pub platform: Platform,
    /// A label of the editor's preset; at most 48 characters.
    pub preset_label: Option<String>,
    /// How long the player shows it, in seconds.
    pub duration_seconds: u32,
    /// What the client's editor sent, without the keys that only we write.
    pub editor_state: Option<Value>,
    /// The raw upload until it is rendered, the output afterwards.
    pub video_url: Option<String>,
    /// As `video_url`, for photos.
    pub photo_urls: Vec<String>,
    /// A still of it.
    pub thumbnail_url: Option<String>,
    /// How many accounts saw it.
    pub views: u32,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it leaves the feed.
    pub expires_at: Timestamp,
    /// How its rendering stands.
    pub render: RenderState,
    /// W3C trace context of the request that created it.
    pub traceparent: Option<String>,
}

/// How the rendering of a reel stands.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderState {
    /// How often it was put in the queue on purpose; part of the job's name.
    pub version: u32,
    /// How far it is; none before the first worker.
    pub stage: Option<Stage>,
    /// Percent.
    pub progress: u8,
    /// How often a worker has taken it.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub failure: Option<RenderFailure>,
    /// When it failed.
    pub failed_at: Option<Timestamp>,
    /// When it was last put in the queue anew.
    pub requeued_at: Option<Timestamp>,
    /// When it was finished.
    pub rendered_at: Option<Timestamp>,
    /// What the renderer did, for the curious.
    pub report: Option<Value>,
    /// Who renders it now.
    pub lease: Option<Lease>,
}

/// Why a rendering failed, in words for programs and for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderFailure {
    /// A stable code such as `media.too_long`.
    pub code: String,
    /// A Spanish sentence that says what to do.
    pub message: String,
}

/// The right to render a reel for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Every write of the holder names it.
    pub token: LeaseToken,
    /// Since when.
    pub taken_at: Timestamp,
    /// Until when, unless renewed.
    pub until: Timestamp,
}

/// An upload that a reel is made from, pinned to the version that was there at its creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What it is for.
    pub role: SourceRole,
    /// Its place among those of its role, from 0.
    pub position: u8,
    /// The object's name.
    pub path: String,
    /// The object's version.
    pub generation: i64,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Its declared type.
    pub content_type: String,
}

impl Reel {
    /// Whether it is out of sight.
    pub fn is_hidden(&self) -> bool {
        self.status == ReelStatus::Hidden
    }

    /// Where it stands for clients at `now`: a reel past its day is expired even before that was written down.
    pub fn status_at(&self, now: Timestamp) -> ReelStatus {
        if self.status == ReelStatus::Active && self.expires_at < now {
            ReelStatus::Expired
        } else {
            self.status
        }
    }

    /// Whether everybody sees it at `now`.
    pub fn is_public_at(&self, now: Timestamp) -> bool {
        self.status_at(now) == ReelStatus::Active
    }
}
