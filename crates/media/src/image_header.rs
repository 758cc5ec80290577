//! A first look at an image file, without any decoder: which format, and how many pixels?
//!
//! A few kilobytes can unfold into gigabytes. The header says so beforehand, so such a file is refused unopened.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
};

use crate::{error::MediaError, geometry::Size};

/// The still formats that are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFormat {
    /// Portable Network Graphics.
    Png,
    /// JPEG, baseline or progressive.
    Jpeg,
    /// WebP, still.
    WebP,
}

impl ImageFormat {
    /// The demuxer that reads exactly this format, and no sequence or pattern of files.
    pub(crate) fn demuxer(self) -> &'static str {
        match self {
            Self::Png => "png_pipe",
            Self::Jpeg => "jpeg_pipe",
            Self::WebP => "webp_pipe",
        }
    }
}

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ImageHeader {
    pub(crate) format: ImageFormat,
    pub(crate) size: Size,
}

/// More JPEG segments than any camera writes before the picture.
const MOST_SEGMENTS: usize = 512;

/// Reads the header. Too short for one is [`MediaError::Truncated`]; none we know is [`MediaError::NotAnImage`].
pub(crate) fn read(file: File) -> Result<ImageHeader, MediaError> {
    let mut file = BufReader::new(file);
    let mut start = Vec::new();
    file.by_ref()
        .take(30)
        .read_to_end(&mut start)
        .map_err(MediaError::files("read the image"))?;
    let (format, size) = match start.as_slice() {
        [] => return Err(MediaError::Truncated),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', rest @ ..] => {
            (ImageFormat::Png, png(rest))
        }
        [0xff, 0xd8, 0xff, ..] => (ImageFormat::Jpeg, jpeg(&mut file)),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            rest @ ..,
        ] => (ImageFormat::WebP, webp(rest)?),
        _ => return Err(MediaError::NotAnImage),
    };
    let size = size.ok_or(MediaError::Truncated)?;
    Ok(ImageHeader { format, size })
}

/// PNG, 11.2.2: the first chunk is IHDR.
fn png(rest: &[u8]) -> Option<Size> {
    let sides = rest.get(4..)?.strip_prefix(b"IHDR")?;
    let (width, sides) = sides.split_first_chunk()?;
    let (height, _) = sides.split_first_chunk()?;
    Some(Size::new(
        u32::from_be_bytes(*width),
        u32::from_be_bytes(*height),
    ))
}

/// JPEG (ITU T.81, B.2.2): skips segments up to the frame header.
fn jpeg(file: &mut BufReader<File>) -> Option<Size> {
    file.seek(SeekFrom::Start(2)).ok()?;
    for _ in 0..MOST_SEGMENTS {
        let mut marker = [0; 2];
        file.read_exact(&mut marker).ok()?;
        let [0xff, kind] = marker else { return None };
        match kind {
            // Fill bytes may stand before a marker.
            0xff => file.seek_relative(-1).ok()?,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let mut header = [0; 7];
                file.read_exact(&mut header).ok()?;
                let [_, _, _, high, low, wide, narrow] = header;
                let height = u16::from_be_bytes([high, low]);
                let width = u16::from_be_bytes([wide, narrow]);
                return Some(Size::new(u32::from(width), u32::from(height)));
            }
            0x01 | 0xd0..=0xd7 => {}
            _ => {
                let mut length = [0; 2];
                file.read_exact(&mut length).ok()?;
                let content = u16::from_be_bytes(length).checked_sub(2)?;
                file.seek_relative(i64::from(content)).ok()?;
            }
        }
    }
    None
}

/// WebP (RFC 9649, 2.5 to 2.7): the first chunk is one of three, each with its own way to write a size.
fn webp(rest: &[u8]) -> Result<Option<Size>, MediaError> {
    let Some((kind, content)) = rest.split_first_chunk::<4>() else {
        return Ok(None);
    };
    let content = content.get(4..).unwrap_or_default();
    match (kind, content) {
        (b"VP8X", [flags, ..]) if flags & 0b10 != 0 => Err(MediaError::Unsupported {
            what: "animated WebP".to_owned(),
        }),
        (b"VP8X", [_, _, _, _, sides @ ..]) => Ok(extended(sides)),
        (b"VP8L", [0x2f, sides @ ..]) => Ok(sides.first_chunk().map(|sides| {
            let bits = u32::from_le_bytes(*sides);
            Size::new((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1)
        })),
        (b"VP8 ", [_, _, _, 0x9d, 0x01, 0x2a, sides @ ..]) => {
            Ok(sides.first_chunk().map(|sides| {
                let bits = u32::from_le_bytes(*sides);
                Size::new(bits & 0x3fff, bits >> 16 & 0x3fff)
            }))
        }
        _ => Ok(None),
    }
}

/// Two sides of three bytes, each less one.
fn extended(sides: &[u8]) -> Option<Size> {
    let side = |bytes: &[u8; 3]| {
        let [low, middle, high] = *bytes;
        u32::from_le_bytes([low, middle, high, 0]) + 1
    };
    let (width, sides) = sides.split_first_chunk()?;
    let (height, _) = sides.split_first_chunk()?;
    Some(Size::new(side(width), side(height)))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn header(bytes: &[u8]) -> Result<ImageHeader, &'static str> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        read(file).map_err(|error| avvivo_kernel::Fault::code(&error))
    }

    fn header_of(format: ImageFormat, width: u32, height: u32) -> ImageHeader {
        ImageHeader {
            format,
            size: Size::new(width, height),
        }
    }

    #[test]
    fn sizes_are_read_from_headers() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\x01\0\0\0\0\x02\x58";
        assert_eq!(header(png), Ok(header_of(ImageFormat::Png, 65536, 600)));
        let jpeg = b"\xff\xd8\xff\xe1\0\x04\0\0\xff\xff\xc2\0\x11\x08\x02\x00\x03\x00";
        assert_eq!(header(jpeg), Ok(header_of(ImageFormat::Jpeg, 768, 512)));
        let lossy = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x80\x02\xe0\x01";
        assert_eq!(header(lossy), Ok(header_of(ImageFormat::WebP, 640, 480)));
        let extended = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff";
        assert_eq!(
            header(extended),
            Ok(header_of(ImageFormat::WebP, 1 << 24, 1 << 24))
        );
    }

    #[test]
    fn the_rest_is_refused() {
        assert_eq!(header(b""), Err("media.truncated"));
        assert_eq!(header(b"\xff\xd8\xff\xe1\0\x04"), Err("media.truncated"));
        assert_eq!(header(b"<svg onload=alert(1)>"), Err("media.not_an_image"));
        assert_eq!(
            header(b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\0\0\0\0\0\0"),
            Err("media.unsupported")
        );
    }

    proptest! {
        #[test]
        fn any_bytes_get_a_verdict(magic in 0usize..3, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let magic: &[u8] = [&b"\x89PNG\r\n\x1a\n"[..], b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBPVP8X"][magic];
            let _verdict = header(&[magic, &bytes].concat());
        }
    }
}
