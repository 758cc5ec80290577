//! The logo and the cover of a shop: which pictures are taken, and under which names they are stored.

use std::collections::BTreeSet;

use avvivo_kernel::{ErrorKind, Fault, ShopId, Timestamp};
use imagesize::ImageType;
use serde_json::Value;
use uuid::Uuid;

use super::Shop;
use crate::uploads::{MEGABYTE, shop_prefix};

/// Larger files are refused before they are read.
pub const MAX_IMAGE_BYTES: u64 = 10 * MEGABYTE;
/// Longer sides are of no use on a page.
pub const MAX_SIDE: u32 = 10_000;
/// What the largest pictures of ordinary phones have. More would take the memory of whoever unpacks it: a progressive JPEG
/// of this size takes 225 MB.
pub const MAX_PIXELS: u64 = 25_000_000;

wire_enum! {
    /// Which picture.
    ImageKind {
        /// The small one.
        Logo = "LOGO",
        /// The large one.
        Cover = "COVER",
    }
}

impl ImageKind {
    /// Reads the field of a form; anything but `COVER` is the logo.
    pub fn read(sent: Option<&str>) -> Self {
        sent.and_then(|sent| Self::parse(sent.trim()))
            .unwrap_or(Self::Logo)
    }

    /// How long its longer side is at most when it is stored: what the sharpest screens show of it.
    pub fn kept_side(self) -> u32 {
        match self {
            Self::Logo => 1_024,
            Self::Cover => 2_048,
        }
    }
}

wire_enum! {
    /// What a picture is by its own bytes. SVG is a document with scripts, not a picture.
    ImageFormat {
        /// PNG.
        Png = "image/png",
        /// JPEG.
        Jpeg = "image/jpeg",
        /// WebP.
        Webp = "image/webp",
        /// GIF.
        Gif = "image/gif",
    }
}

impl ImageFormat {
    fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
            Self::Gif => "gif",
        }
    }
}

/// Decides by its bytes whether a picture is taken; what its sender calls it does not matter.
pub fn accept(bytes: &[u8]) -> Result<ImageFormat, ImageError> {
    if bytes.is_empty() {
        return Err(ImageError::Missing);
    }
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_IMAGE_BYTES {
        return Err(ImageError::TooLarge);
    }
    let format = match imagesize::image_type(bytes) {
        Ok(ImageType::Png) => ImageFormat::Png,
        Ok(ImageType::Jpeg) => ImageFormat::Jpeg,
        Ok(ImageType::Webp) => ImageFormat::Webp,
        Ok(ImageType::Gif) => ImageFormat::Gif,
        _ => return Err(ImageError::NotAnImage),
    };
    let size = imagesize::blob_size(bytes).map_err(|_| ImageError::NotAnImage)?;
    let pixels = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    check_size(pixels(size.width), pixels(size.height))?;
    Ok(format)
}

/// Refuses what would be too large when it is unpacked. Whoever unpacks asks again: a file may tell two sizes.
pub fn check_size(width: u32, height: u32) -> Result<(), ImageError> {
    if width == 0 || height == 0 {
        return Err(ImageError::NotAnImage);
    }
    let pixels = u64::from(width) * u64::from(height);
    if width > MAX_SIDE || height > MAX_SIDE || pixels > MAX_PIXELS {
        return Err(ImageError::TooManyPixels);
    }
    Ok(())
}

/// Where a shop's pictures are: a folder of its own, where no reel's upload can be.
fn folder(shop: ShopId) -> String {
    format!("{}images/", shop_prefix(shop))
}

/// The name of a picture in the store. Each upload has its own, so what is cached under a name never changes.
pub fn object_name(shop: ShopId, kind: ImageKind, format: ImageFormat, id: Uuid) -> String {
    let kind = kind.as_str().to_lowercase();
    format!("{}{kind}-{id}.{}", folder(shop), format.extension())
}

/// The address under which a shop shows a picture. Pages always told pictures apart by `v`.
pub fn shown_as(public_url: &str, now: Timestamp) -> String {
    format!("{public_url}?v={}", now.timestamp_millis())
}

/// The shop with its new picture.
pub fn set(shop: &Shop, kind: ImageKind, url: String, now: Timestamp) -> Shop {
    let mut shop = Shop {
        updated_at: now,
        ..shop.clone()
    };
    match kind {
        ImageKind::Logo => shop.logo_url = Some(url),
        ImageKind::Cover => shop.cover_url = Some(url),
    }
    shop
}

/// The objects of its own folder that a shop shows somewhere. `path_of` tells which object an address stands for. Whatever
/// else it names is not its own to delete.
pub fn shown(shop: &Shop, path_of: impl Fn(&str) -> Option<String>) -> BTreeSet<String> {
    let folder = folder(shop.id);
    let details = shop
        .address_details
        .iter()
        .flat_map(serde_json::Map::values);
    [&shop.logo_url, &shop.cover_url]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .chain(details.filter_map(Value::as_str))
        .filter_map(path_of)
        .filter(|path| path.starts_with(&folder))
        .collect()
}

/// Why a picture is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// There is none.
    #[error("no file")]
    Missing,
    /// It is none that we take, whatever it is called.
    #[error("not a PNG, JPEG, WebP or GIF")]
    NotAnImage,
    /// Too many bytes.
    #[error("too many bytes")]
    TooLarge,
    /// Too many pixels.
    #[error("too many pixels")]
    TooManyPixels,
}

impl Fault for ImageError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Missing | Self::NotAnImage | Self::TooManyPixels => ErrorKind::Invalid,
            Self::TooLarge => ErrorKind::TooLarge,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Missing => "image.missing",
            Self::NotAnImage => "image.format",
            Self::TooLarge => "image.too_large",
            Self::TooManyPixels => "image.too_many_pixels",
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Missing => "Elegí una imagen.".to_owned(),
            Self::NotAnImage => "La imagen tiene que ser PNG, JPG, WebP o GIF.".to_owned(),
            Self::TooLarge => {
                format!(
                    "La imagen es muy pesada: puede tener hasta {} MB.",
                    MAX_IMAGE_BYTES / MEGABYTE
                )
            }
            Self::TooManyPixels => {
                format!(
                    "La imagen es muy grande: puede tener hasta {} megapíxeles y {MAX_SIDE} píxeles por lado.",
                    MAX_PIXELS / 1_000_000
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::uploads::is_own_upload;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 6, 0, 0, 0]);
        bytes
    }

    fn gif(width: u16, height: u16) -> Vec<u8> {
        let mut bytes = b"GIF89a".to_vec();
        bytes.extend(width.to_le_bytes());
        bytes.extend(height.to_le_bytes());
        bytes.extend([0; 8]);
        bytes
    }

    fn jpeg() -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 0, 20, 0, 30, 3];
        bytes.extend([0; 12]);
        bytes
    }

    fn webp() -> Vec<u8> {
        let mut bytes = b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0".to_vec();
        bytes.extend([9, 0, 0, 9, 0, 0]);
        bytes
    }

    #[test]
    fn pictures_are_known_by_their_bytes() {
        for (bytes, format) in [
            (png(10, 10), ImageFormat::Png),
            (gif(10, 10), ImageFormat::Gif),
            (jpeg(), ImageFormat::Jpeg),
            (webp(), ImageFormat::Webp),
        ] {
            assert_eq!(accept(&bytes), Ok(format));
        }
        assert_eq!(accept(b""), Err(ImageError::Missing));
        for text in [
            "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
            "<?xml version=\"1.0\"?><svg/>",
            "<html>",
            "BM      ",
            "%PDF-1.7",
        ] {
            assert_eq!(
                accept(text.as_bytes()),
                Err(ImageError::NotAnImage),
                "{text}"
            );
        }
        assert_eq!(accept(b"\x89PNG\r\n\x1a\n"), Err(ImageError::NotAnImage));
    }

    #[test]
    fn pictures_are_bounded_in_bytes_and_pixels() {
        let padded = |len: u64| {
            let mut bytes = png(10, 10);
            bytes.resize(usize::try_from(len).unwrap(), 0);
            accept(&bytes)
        };
        assert_eq!(padded(MAX_IMAGE_BYTES), Ok(ImageFormat::Png));
        assert_eq!(padded(MAX_IMAGE_BYTES + 1), Err(ImageError::TooLarge));
        assert_eq!(accept(&png(10_000, 2_500)), Ok(ImageFormat::Png));
        for (width, height) in [
            (10_001, 1),
            (1, 10_001),
            (10_000, 2_501),
            (u32::MAX, u32::MAX),
        ] {
            assert_eq!(accept(&png(width, height)), Err(ImageError::TooManyPixels));
        }
        assert_eq!(accept(&png(0, 10)), Err(ImageError::NotAnImage));
        assert_eq!(accept(&png(10, 0)), Err(ImageError::NotAnImage));
    }

    #[test]
    fn each_picture_has_a_name_that_no_reel_can_take() {
        let shop = ShopId::from(Uuid::from_u128(1));
        let name = object_name(
            shop,
            ImageKind::Cover,
            ImageFormat::Jpeg,
            Uuid::from_u128(2),
        );
        assert_eq!(
            name,
            "shops/00000000-0000-0000-0000-000000000001/images/cover-00000000-0000-0000-0000-000000000002.jpg"
        );
        assert!(!is_own_upload(shop, &name));
    }

    #[test]
    fn anything_but_a_cover_is_a_logo() {
        let (shop, now) = (crate::shops::record::example::shop(), Timestamp::default());
        assert_eq!(ImageKind::read(Some("COVER")), ImageKind::Cover);
        assert_eq!(ImageKind::read(Some("x")), ImageKind::Logo);
        assert_eq!(ImageKind::read(None), ImageKind::Logo);
        let url = || "https://x/y.png".to_owned();
        assert_eq!(
            set(&shop, ImageKind::Cover, url(), now).cover_url,
            Some(url())
        );
        let logo = set(&shop, ImageKind::Logo, url(), now);
        assert_eq!(
            (logo.logo_url, logo.cover_url),
            (Some(url()), shop.cover_url)
        );
    }

    #[test]
    fn only_pictures_of_its_own_folder_are_a_shops_to_delete() {
        let mut shop = crate::shops::record::example::shop();
        let own = |name: &str| format!("{}{name}", folder(shop.id));
        let foreign = "shops/00000000-0000-0000-0000-00000000ffff/images/logo.png";
        let reel = format!("{}1-0-a.jpg", shop_prefix(shop.id));
        let details = serde_json::json!({
            "imageUrl": own("b.png"), "storeImageUrl": foreign, "lat": 1, "mapsUrl": reel,
        });
        let expected = BTreeSet::from([own("a.png"), own("b.png")]);
        shop.logo_url = Some(own("a.png"));
        shop.cover_url = Some(foreign.to_owned());
        shop.address_details = details.as_object().cloned();
        assert_eq!(shown(&shop, |url| Some(url.to_owned())), expected);
        assert!(shown(&shop, |_| None).is_empty());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), head in 0_usize..4) {
            let heads = [png(1, 1), gif(1, 1), jpeg(), webp()];
            let mut file = heads[head][..8].to_vec();
            file.extend(bytes);
            let accepted = accept(&file);
            prop_assert!(accepted.is_err() || file.len() > 8, "a mere head is no picture");
        }
    }
}
