//! Files from phones: how they are named, which types and sizes are taken.

mod error;

use avvivo_kernel::{ShopId, Timestamp};

use crate::reels::{MAX_PHOTOS, ReelType, SourceRole};

pub use error::UploadError;

/// Longer file names are cut, at the stem: the extension decides whether the file is taken later.
const MAX_NAME_CHARS: usize = 80;
/// Photos and overlays above this are refused; phones make photos of a few megabytes.
pub const MAX_IMAGE_BYTES: u64 = 25 * MEGABYTE;
/// The megabyte of limits told to people.
pub const MEGABYTE: u64 = 1024 * 1024;

/// A file that a client announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// As the client calls it.
    pub name: String,
    /// As the client declares it, or as its extension says; empty when neither does.
    pub content_type: String,
    /// Its exact size, when the client says so.
    pub size_bytes: Option<u64>,
}

impl Announced {
    /// Reads what a client says of a file.
    pub fn new(
        name: Option<&str>,
        content_type: Option<&str>,
        size_bytes: Option<u64>,
        default_name: &str,
    ) -> Self {
        let name = name
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .unwrap_or(default_name);
        let declared = content_type
            .map(str::trim)
            .filter(|declared| !declared.is_empty());
        Self {
            name: name.to_owned(),
            content_type: declared
                .unwrap_or_else(|| type_of_extension(name))
                .to_owned(),
            size_bytes,
        }
    }

    /// Whether it says that it is a picture. SVG is a document with scripts, not a picture.
    fn is_image(&self) -> bool {
        self.content_type.starts_with("image/") && !self.content_type.starts_with("image/svg")
    }

    fn is_video(&self) -> bool {
        self.content_type.starts_with("video/")
    }
}

/// Whether these files may be uploaded for a reel of this kind.
pub fn check_announced(
    kind: ReelType,
    files: &[Announced],
    overlay: Option<&Announced>,
    max_video_bytes: u64,
) -> Result<(), UploadError> {
    check_count(kind, files.len(), UploadError::NothingAnnounced)?;
    for file in files {
        let (fits, max, wrong) = match kind {
            ReelType::Video => (file.is_video(), max_video_bytes, UploadError::NotAVideo),
            ReelType::PhotoSet => (file.is_image(), MAX_IMAGE_BYTES, UploadError::NotAPhoto),
        };
        if !fits {
            return Err(wrong);
        }
        check_size(file.size_bytes, max)?;
    }
    if let Some(overlay) = overlay {
        if !overlay.is_image() {
            return Err(UploadError::NotAnOverlay);
        }
        check_size(overlay.size_bytes, MAX_IMAGE_BYTES)?;
    }
    Ok(())
}

fn check_count(kind: ReelType, count: usize, none: UploadError) -> Result<(), UploadError> {
    match (kind, count) {
        (_, 0) => Err(none),
        (ReelType::Video, 2..) => Err(UploadError::TooManyVideos),
        (ReelType::PhotoSet, n) if n > MAX_PHOTOS => Err(UploadError::TooManyPhotos),
        _ => Ok(()),
    }
}

fn check_size(announced: Option<u64>, max_bytes: u64) -> Result<(), UploadError> {
    match announced {
        Some(size) if size > max_bytes => Err(UploadError::TooLarge { max_bytes }),
        Some(0) => Err(UploadError::Empty {
            file: String::new(),
        }),
        _ => Ok(()),
    }
}

/// The folder of a shop's uploads, with its slash.
pub fn shop_prefix(shop: ShopId) -> String {
    format!("shops/{shop}/")
}

/// What lies in a shop's folder besides uploads of reels: its own images, which stay when reels go.
const SHOP_IMAGES: [&str; 2] = ["logo", "cover"];

/// Whether a path is an upload of this shop's reels: right in its folder, and none of the images that the shop keeps there.
/// Whatever is one may be deleted once its reel is made.
pub fn is_own_upload(shop: ShopId, path: &str) -> bool {
    path.strip_prefix(&shop_prefix(shop)).is_some_and(|name| {
        !matches!(name, "" | "." | "..")
            && !SHOP_IMAGES.contains(&name)
            && !name.contains(|c: char| c == '/' || c.is_control())
    })
}

/// The name under which a file is stored.
pub fn object_name(shop: ShopId, now: Timestamp, index: usize, name: &str) -> String {
    format!(
        "{}{}-{index}-{}",
        shop_prefix(shop),
        now.timestamp_millis(),
        slug(name)
    )
}

/// Paths as clients confirm them: without leading slashes, each once, in their order. What is more than any reel may have is
/// read no further than is needed to see that it is too much.
pub fn clean_paths(paths: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut clean: Vec<String> = Vec::new();
    for path in paths {
        if clean.len() > MAX_PHOTOS {
            break;
        }
        let path = path.trim_start_matches('/').to_owned();
        if !path.is_empty() && !clean.contains(&path) {
            clean.push(path);
        }
    }
    clean
}

/// Whether these paths may be confirmed by this shop for a reel of this kind.
pub fn check_confirmed(
    kind: ReelType,
    shop: ShopId,
    paths: &[String],
    overlay: Option<&str>,
) -> Result<(), UploadError> {
    check_count(kind, paths.len(), UploadError::NothingConfirmed)?;
    let own = |path: &str| is_own_upload(shop, path);
    if paths.iter().map(String::as_str).chain(overlay).all(own) {
        Ok(())
    } else {
        Err(UploadError::ForeignPath)
    }
}

/// What the store says of a confirmed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored<'a> {
    /// The object's name.
    pub path: &'a str,
    /// Its type as it was uploaded; may be empty.
    pub content_type: &'a str,
    /// Its size.
    pub size_bytes: u64,
}

/// Whether a stored file may be used for `role`.
pub fn check_stored(
    role: SourceRole,
    file: Stored<'_>,
    max_video_bytes: u64,
) -> Result<(), UploadError> {
    if file.size_bytes == 0 {
        return Err(UploadError::Empty {
            file: file_name(file.path).to_owned(),
        });
    }
    let extension = extension(file.path).unwrap_or_default();
    let undeclared = file.content_type.is_empty();
    match role {
        SourceRole::Video => {
            if !matches!(extension, "mp4" | "mov") {
                return Err(UploadError::VideoFormat);
            }
            if !undeclared && !matches!(file.content_type, "video/mp4" | "video/quicktime") {
                return Err(UploadError::VideoType);
            }
            check_size(Some(file.size_bytes), max_video_bytes)
        }
        SourceRole::Photo => {
            if !file.content_type.starts_with("image/") {
                return Err(UploadError::NotAPhoto);
            }
            check_size(Some(file.size_bytes), MAX_IMAGE_BYTES)
        }
        SourceRole::Overlay => {
            if !matches!(extension, "png" | "jpg" | "jpeg" | "webp") {
                return Err(UploadError::OverlayFormat);
            }
            if !undeclared && !file.content_type.starts_with("image/") {
                return Err(UploadError::NotAnOverlay);
            }
            check_size(Some(file.size_bytes), MAX_IMAGE_BYTES)
        }
    }
}

/// The part of a path after its last slash.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn extension(name: &str) -> Option<&str> {
    let (stem, extension) = file_name(name).rsplit_once('.')?;
    (!stem.is_empty() && !extension.is_empty()).then_some(extension)
}

/// A file name that is safe in a path: lower case, a-z 0-9 - _ . only, dashes not repeated, cut at the stem.
pub fn slug(name: &str) -> String {
    let mut clean = String::with_capacity(name.len());
    for c in name.to_lowercase().chars() {
        let c = if c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.') {
            c
        } else {
            '-'
        };
        if c != '-' || !clean.ends_with('-') {
            clean.push(c);
        }
    }
    if clean.len() <= MAX_NAME_CHARS {
        return clean;
    }
    let tail = match extension(&clean) {
        Some(extension) if extension.len() < MAX_NAME_CHARS / 2 => format!(".{extension}"),
        _ => String::new(),
    };
    let keep = MAX_NAME_CHARS.saturating_sub(tail.len());
    clean.chars().take(keep).collect::<String>() + &tail
}

fn type_of_extension(name: &str) -> &'static str {
    match extension(&name.to_lowercase()).unwrap_or_default() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "heic" => "image/heic",
        "heif" => "image/heif",
        "mp4" => "video/mp4",
        "mov" => "video/quicktime",
        "m4v" => "video/x-m4v",
        "webm" => "video/webm",
        _ => "",
    }
}

#[cfg(test)]
mod tests;
