//! Where the picture goes on the canvas. Whole numbers only, so equal sources give equal commands.
//!
//! A stored ("coded") picture may have to be turned and stretched before it is what people see ("displayed"): the
//! maths is done on the displayed shape, the pixels are cut and scaled in the stored one, and the turn comes last,
//! when there are fewest pixels to move.

#[cfg(test)]
mod tests;

use crate::edit::Fit;

/// A width and a height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

impl Size {
    /// A size.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// How many pixels that is.
    pub fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    pub(crate) fn swapped_if(self, swap: bool) -> Self {
        if swap {
            Self::new(self.height, self.width)
        } else {
            self
        }
    }
}

/// What every output measures: portrait full HD.
pub const CANVAS: Size = Size::new(1080, 1920);

/// A band narrower than this looks like a fault of the render: the picture is enlarged a little instead.
const NARROWEST_BAND: u32 = 8;

/// How a stored picture must be turned to be seen upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Orientation {
    /// As stored.
    #[default]
    Upright,
    /// A quarter turn clockwise: a phone held upright.
    Clockwise,
    /// Upside down.
    HalfTurn,
    /// A quarter turn counter-clockwise.
    CounterClockwise,
    /// Left and right swapped.
    MirroredSideways,
    /// Top and bottom swapped.
    MirroredUpright,
    /// Rows become columns.
    Transposed,
    /// Rows become columns, from the far corner.
    Transversed,
}

impl Orientation {
    /// Reads the turning part `[a, b, c, d]` of a display matrix (ISO/IEC 14496-12, 6.2.2), where a stored point
    /// `(x, y)` is shown at `(ax + cy, bx + dy)`. Anything between quarter turns counts as the nearest.
    pub(crate) fn from_matrix([a, b, c, d]: [i64; 4]) -> Self {
        let sideways = b.saturating_abs().saturating_add(c.saturating_abs())
            > a.saturating_abs().saturating_add(d.saturating_abs());
        if sideways {
            match (b > 0, c > 0) {
                (true, false) => Self::Clockwise,
                (false, true) => Self::CounterClockwise,
                (true, true) => Self::Transposed,
                (false, false) => Self::Transversed,
            }
        } else {
            match (a >= 0, d >= 0) {
                (true, true) => Self::Upright,
                (false, false) => Self::HalfTurn,
                (false, true) => Self::MirroredSideways,
                (true, false) => Self::MirroredUpright,
            }
        }
    }

    /// Whether width and height change places.
    pub(crate) fn swaps_sides(self) -> bool {
        matches!(
            self,
            Self::Clockwise | Self::CounterClockwise | Self::Transposed | Self::Transversed
        )
    }

    /// The filter that turns the picture, if it needs one.
    pub(crate) fn filter(self) -> Option<&'static str> {
        match self {
            Self::Upright => None,
            Self::Clockwise => Some("transpose=clock"),
            Self::HalfTurn => Some("hflip,vflip"),
            Self::CounterClockwise => Some("transpose=cclock"),
            Self::MirroredSideways => Some("hflip"),
            Self::MirroredUpright => Some("vflip"),
            Self::Transposed => Some("transpose=cclock_flip"),
            Self::Transversed => Some("transpose=clock_flip"),
        }
    }
}

/// A picture as stored, with what it takes to show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// The stored size.
    pub coded: Size,
    /// The shape of a stored pixel, width to height.
    pub pixel_aspect: (u32, u32),
    /// The turn it needs.
    pub orientation: Orientation,
}

impl Frame {
    /// The displayed proportions, width to height.
    fn shape(self) -> (u64, u64) {
        let width = u64::from(self.coded.width) * u64::from(self.pixel_aspect.0);
        let height = u64::from(self.coded.height) * u64::from(self.pixel_aspect.1);
        if self.orientation.swaps_sides() {
            (height, width)
        } else {
            (width, height)
        }
    }

    /// Whether this is pixel for pixel what the canvas shows.
    pub(crate) fn is_canvas(self) -> bool {
        self.coded == CANVAS
            && self.pixel_aspect.0 == self.pixel_aspect.1
            && self.orientation == Orientation::Upright
    }

    /// The largest centred part with the canvas's proportions, in stored pixels; `None` when that is all of it.
    pub(crate) fn canvas_shaped_part(self) -> Option<Part> {
        let target = CANVAS.swapped_if(self.orientation.swaps_sides());
        // The target's proportions in stored pixels, whose own shape is divided out.
        let wide = u64::from(target.width) * u64::from(self.pixel_aspect.1);
        let high = u64::from(target.height) * u64::from(self.pixel_aspect.0);
        let (width, height) = (u64::from(self.coded.width), u64::from(self.coded.height));
        let size = if width * high > height * wide {
            Size::new(
                even(height * wide, high).min(self.coded.width),
                self.coded.height,
            )
        } else {
            Size::new(
                self.coded.width,
                even(width * high, wide).min(self.coded.height),
            )
        };
        (size != self.coded).then(|| Part {
            size,
            left: (self.coded.width - size.width) / 4 * 2,
            top: (self.coded.height - size.height) / 4 * 2,
        })
    }
}

/// A part of a stored picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) size: Size,
    pub(crate) left: u32,
    pub(crate) top: u32,
}

/// Along which axis the pieces of a canvas are stacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Axis {
    /// Bands above and below.
    Vertical,
    /// Bands left and right.
    Horizontal,
}

/// How the canvas is made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// The picture covers everything: there is no background to make.
    Filled,
    /// The picture lies between two bands of background.
    Banded {
        /// The displayed picture.
        picture: Size,
        /// How the three are stacked.
        axis: Axis,
        /// The thickness of the band above or left of it.
        before: u32,
        /// The thickness of the band below or right of it.
        after: u32,
    },
}

impl Layout {
    pub(crate) fn of(frame: Frame, fit: Fit) -> Self {
        let (width, height) = frame.shape();
        if fit == Fit::Cover || width == 0 || height == 0 {
            return Self::Filled;
        }
        let (canvas_width, canvas_height) = (u64::from(CANVAS.width), u64::from(CANVAS.height));
        let (picture, axis, spare) = if width * canvas_height >= height * canvas_width {
            let fitted = even(canvas_width * height, width).min(CANVAS.height);
            (
                Size::new(CANVAS.width, fitted),
                Axis::Vertical,
                CANVAS.height - fitted,
            )
        } else {
            let fitted = even(canvas_height * width, height).min(CANVAS.width);
            (
                Size::new(fitted, CANVAS.height),
                Axis::Horizontal,
                CANVAS.width - fitted,
            )
        };
        if spare < 2 * NARROWEST_BAND {
            return Self::Filled;
        }
        let before = spare / 4 * 2;
        Self::Banded {
            picture,
            axis,
            before,
            after: spare - before,
        }
    }
}

/// The largest size with the proportions of `image` inside the canvas.
pub(crate) fn fitted(image: Size) -> Size {
    let (width, height) = (
        u64::from(image.width.max(1)),
        u64::from(image.height.max(1)),
    );
    let (canvas_width, canvas_height) = (u64::from(CANVAS.width), u64::from(CANVAS.height));
    if width * canvas_height >= height * canvas_width {
        Size::new(
            CANVAS.width,
            even(canvas_width * height, width).min(CANVAS.height),
        )
    } else {
        Size::new(
            even(canvas_height * width, height).min(CANVAS.width),
            CANVAS.height,
        )
    }
}

/// `dividend / divisor` rounded to the nearest even number, at least 2: chroma is stored for pairs of pixels.
pub(crate) fn even(dividend: u64, divisor: u64) -> u32 {
    let pairs = dividend.saturating_add(divisor) / divisor.saturating_mul(2).max(1);
    u32::try_from(pairs.saturating_mul(2))
        .unwrap_or(u32::MAX - 1)
        .max(2)
}
