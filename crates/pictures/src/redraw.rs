//! One picture.

use std::io::Cursor;

use avvivo_domain::shops::images::{self, ImageError, ImageFormat, MAX_PIXELS, MAX_SIDE};
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder as _, ImageEncoder as _, ImageReader,
    ImageResult, Limits,
    codecs::{
        jpeg::JpegEncoder,
        png::{CompressionType, FilterType, PngEncoder},
    },
    metadata::Orientation,
};

use crate::Picture;

/// What the pixels of the largest picture take in memory, with eight bits a colour. Those of sixteen are taken up to half
/// that size.
const MAX_DECODED_BYTES: u64 = MAX_PIXELS * 4;

/// Nobody sees the difference to the original; a logo has some tens of kilobytes.
const JPEG_QUALITY: u8 = 85;

pub(crate) fn redraw(sent: &[u8], kept_side: u32) -> Result<Picture, ImageError> {
    let format = images::accept(sent)?;
    let (mut picture, orientation) = unpack(sent, format)?;
    if picture.width() > kept_side || picture.height() > kept_side {
        picture = picture.thumbnail(kept_side, kept_side);
    }
    picture.apply_orientation(orientation);
    pack(&picture).map_err(|error| refused(&error))
}

/// The pixels, and how they have to be turned to stand upright.
fn unpack(sent: &[u8], format: ImageFormat) -> Result<(DynamicImage, Orientation), ImageError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(sent), container(format));
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| refused(&error))?;
    let (width, height) = decoder.dimensions();
    images::check_size(width, height)?;
    if decoder.total_bytes() > MAX_DECODED_BYTES {
        return Err(ImageError::TooManyPixels);
    }
    // A note that cannot be read turns nothing.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(|error| refused(&error))?;
    Ok((picture, orientation))
}

fn pack(picture: &DynamicImage) -> ImageResult<Picture> {
    let mut file = Vec::new();
    let format = if shines_through(picture) {
        let pixels = picture.to_rgba8();
        PngEncoder::new_with_quality(&mut file, CompressionType::Best, FilterType::Adaptive)
            .write_image(
                &pixels,
                pixels.width(),
                pixels.height(),
                ExtendedColorType::Rgba8,
            )?;
        ImageFormat::Png
    } else {
        let pixels = picture.to_rgb8();
        JpegEncoder::new_with_quality(&mut file, JPEG_QUALITY).write_image(
            &pixels,
            pixels.width(),
            pixels.height(),
            ExtendedColorType::Rgb8,
        )?;
        ImageFormat::Jpeg
    };
    Ok(Picture {
        format,
        bytes: file.into(),
    })
}

/// Whether something behind the picture would be seen.
fn shines_through(picture: &DynamicImage) -> bool {
    picture.color().has_alpha()
        && picture
            .to_rgba8()
            .pixels()
            .any(|pixel| pixel.0[3] < u8::MAX)
}

fn container(format: ImageFormat) -> image::ImageFormat {
    match format {
        ImageFormat::Png => image::ImageFormat::Png,
        ImageFormat::Jpeg => image::ImageFormat::Jpeg,
        ImageFormat::Webp => image::ImageFormat::WebP,
        ImageFormat::Gif => image::ImageFormat::Gif,
    }
}

fn refused(error: &image::ImageError) -> ImageError {
    match error {
        image::ImageError::Limits(_) => ImageError::TooManyPixels,
        _ => ImageError::NotAnImage,
    }
}

#[cfg(test)]
mod tests;
