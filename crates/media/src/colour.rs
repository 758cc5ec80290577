//! How a picture stores colour, as far as rendering must know.

use crate::{edit::Rgb, geometry::Size};

/// Which weights turn RGB into luma and chroma.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matrix {
    /// Standard definition, and every JPEG.
    Bt601,
    /// High definition.
    Bt709,
    /// Ultra-high definition, with the wide colours that belong to it. No output has it.
    Bt2020,
}

/// Which values stand for black and white.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    /// 16 to 235, as video.
    Limited,
    /// 0 to 255, as JPEG.
    Full,
}

/// How brightness is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transfer {
    /// As every screen understands.
    Standard,
    /// Hybrid log-gamma: the HDR of phones.
    Hlg,
    /// Perceptual quantiser: the HDR of films, and of some phones.
    Pq,
}

impl Matrix {
    /// From ffprobe's name; without one, players guess by size, and so do we.
    pub(crate) fn named(name: Option<&str>, size: Size) -> Self {
        match name {
            Some("bt709") => Self::Bt709,
            Some("smpte170m" | "bt470bg" | "fcc") => Self::Bt601,
            Some("bt2020nc" | "bt2020c") => Self::Bt2020,
            _ if size.width.max(size.height) >= 1280 || size.width.min(size.height) >= 720 => {
                Self::Bt709
            }
            _ => Self::Bt601,
        }
    }

    /// The name filters and encoders use.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bt601 => "smpte170m",
            Self::Bt709 => "bt709",
            Self::Bt2020 => "bt2020nc",
        }
    }

    /// The weights of red and blue, in ten-thousandths; green has the rest.
    fn weights(self) -> (i64, i64) {
        match self {
            Self::Bt601 => (2990, 1140),
            Self::Bt709 => (2126, 722),
            Self::Bt2020 => (2627, 593),
        }
    }
}

impl Transfer {
    pub(crate) fn named(name: Option<&str>) -> Self {
        match name {
            Some("arib-std-b67") => Self::Hlg,
            Some("smpte2084") => Self::Pq,
            _ => Self::Standard,
        }
    }
}

/// The stored value of a colour: luma and the two chroma values.
pub(crate) fn stored(Rgb([red, green, blue]): Rgb, matrix: Matrix, range: Range) -> [u8; 3] {
    const ONE: i64 = 10_000;
    let (red, green, blue) = (i64::from(red), i64::from(green), i64::from(blue));
    let (of_red, of_blue) = matrix.weights();
    let luma = of_red * red + (ONE - of_red - of_blue) * green + of_blue * blue;
    // Chroma is the distance from luma, scaled so that the purest colour reaches half the range.
    let chroma = |channel: i64, weight: i64| (channel * ONE - luma) * ONE / (2 * (ONE - weight));
    let (floor, luma_span, chroma_span) = match range {
        Range::Limited => (16, 219, 224),
        Range::Full => (0, 255, 255),
    };
    let scale = |value: i64, span: i64, offset: i64| {
        let rounding = if value < 0 {
            -255 * ONE / 2
        } else {
            255 * ONE / 2
        };
        let value = offset + (value * span + rounding) / (255 * ONE);
        u8::try_from(value.clamp(0, 255)).unwrap_or(u8::MAX)
    };
    [
        scale(luma, luma_span, floor),
        scale(chroma(blue, of_blue), chroma_span, 128),
        scale(chroma(red, of_red), chroma_span, 128),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_stored_as_the_standards_say() {
        let red = Rgb([255, 0, 0]);
        assert_eq!(
            stored(Rgb([255, 255, 255]), Matrix::Bt709, Range::Limited),
            [235, 128, 128]
        );
        assert_eq!(
            stored(Rgb([0, 0, 0]), Matrix::Bt601, Range::Full),
            [0, 128, 128]
        );
        assert_eq!(stored(red, Matrix::Bt709, Range::Limited), [63, 102, 240]);
        assert_eq!(stored(red, Matrix::Bt601, Range::Limited), [81, 90, 240]);
        assert_eq!(stored(red, Matrix::Bt601, Range::Full), [76, 85, 255]);
    }

    #[test]
    fn an_unnamed_matrix_is_guessed_by_size() {
        assert_eq!(Matrix::named(None, Size::new(640, 480)), Matrix::Bt601);
        assert_eq!(
            Matrix::named(Some("unknown"), Size::new(1920, 1080)),
            Matrix::Bt709
        );
        assert_eq!(
            Matrix::named(Some("bt470bg"), Size::new(1920, 1080)),
            Matrix::Bt601
        );
        let small = Size::new(640, 360);
        assert_eq!(Matrix::named(Some("bt2020nc"), small), Matrix::Bt2020);
    }
}
