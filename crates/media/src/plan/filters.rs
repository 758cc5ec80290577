//! The filter graph, from stored pixels to the canvas.
//!
//! What makes it cheap: pixels are dropped (crop, rate) before they are scaled, and turned after; the background is
//! blurred at a sixth of its size; only the bands that show are enlarged, and stacked around the picture instead of
//! being painted over by it; nothing is ever RGBA except an overlay.

use super::{FRAMES_PER_SECOND, PhotoPlan, VideoPlan};
use crate::{
    colour::{self, Matrix, Range, Transfer},
    edit::{Background, Rgb},
    geometry::{Axis, CANVAS, Frame, Layout, Size, even, fitted},
    probe::{ImageProbe, VideoTrack},
};

/// The size at which the background is blurred: a sixth of the canvas, where a blur costs a thirty-sixth.
const SMALL: Size = Size::new(180, 320);
/// The blur at that size. Eight passes of a box of 49 pixels on the full canvas have this standard deviation.
const BLUR_SIGMA: &str = "7.3";
/// Luma of the background: 0.78 of the brightness under a black veil of 42 %, so 0.78 · 0.58.
const BACKGROUND_LUMA: &str = "0.4524";
/// Its chroma: the same, at 0.9 of the saturation.
const BACKGROUND_CHROMA: &str = "0.4072";
/// The size of a thumbnail.
const THUMBNAIL: Size = Size::new(720, 1280);

/// What every piece of a canvas must be before the pieces meet.
#[derive(Debug, Clone, Copy)]
struct Target {
    pixel_format: &'static str,
    matrix: Matrix,
    range: Range,
}

/// A source as the graph sees it.
#[derive(Debug, Clone, Copy)]
struct Picture<'a> {
    frame: Frame,
    pixel_format: &'a str,
    range: Range,
    /// How wide colours or HDR become those of every screen; `None` where they are already.
    narrowing: Option<&'a str>,
    target: Target,
}

impl Picture<'_> {
    /// The filters that bring the picture, or its canvas-shaped part, to `size`, upright and in the target's format.
    fn placed(&self, size: Size, part: bool, scaler: &str) -> Vec<String> {
        let part = if part {
            self.frame.canvas_shaped_part()
        } else {
            None
        };
        let mut filters = Vec::new();
        if let Some(part) = part {
            filters.push(format!(
                "crop={}:{}:{}:{}",
                part.size.width, part.size.height, part.left, part.top
            ));
        }
        let stored = size.swapped_if(self.frame.orientation.swaps_sides());
        let is_scaled = stored != part.map_or(self.frame.coded, |part| part.size);
        let is_converted =
            self.pixel_format != self.target.pixel_format || self.range != self.target.range;
        if is_scaled || is_converted {
            filters.push(format!(
                "scale={}:{}:flags={scaler}{}",
                stored.width,
                stored.height,
                self.conversion()
            ));
        }
        // The format before the turn: turning eight bits and a quarter of the chroma is cheapest.
        if self.narrowing.is_none() {
            filters.push(format!("format={}", self.target.pixel_format));
        }
        filters.extend(self.frame.orientation.filter().map(str::to_owned));
        filters.extend(self.narrowed());
        filters
    }

    fn conversion(&self) -> &'static str {
        match (self.range, self.target.range) {
            (Range::Full, Range::Limited) => ":in_range=full:out_range=limited",
            (_, Range::Full) => ":out_range=full:out_color_matrix=bt601",
            (Range::Limited, Range::Limited) => "",
        }
    }

    fn narrowed(&self) -> Option<String> {
        let format = self.target.pixel_format;
        Some(format!("{},format={format}", self.narrowing?))
    }

    /// The filters that make a small background of the picture.
    fn background(&self, background: Background) -> Vec<String> {
        match background {
            Background::Blur => {
                let mut filters = self.placed(SMALL, true, "bilinear");
                let floor = if self.target.range == Range::Limited {
                    16
                } else {
                    0
                };
                filters.push(format!("gblur=sigma={BLUR_SIGMA}"));
                filters.push(format!(
                    "lutyuv=y={floor}+(val-{floor})*{BACKGROUND_LUMA}\
                     :u=128+(val-128)*{BACKGROUND_CHROMA}:v=128+(val-128)*{BACKGROUND_CHROMA}"
                ));
                filters
            }
            // One colour, but still one frame of it for each frame of the picture: it ends when the picture does.
            Background::Solid(rgb) => {
                let [y, u, v] = colour::stored(rgb, self.target.matrix, self.target.range);
                vec![
                    "crop=2:2:0:0".to_owned(),
                    format!(
                        "scale={}:{}:flags=neighbor{}",
                        SMALL.width,
                        SMALL.height,
                        self.conversion()
                    ),
                    format!("format={}", self.target.pixel_format),
                    format!("lutyuv=y={y}:u={u}:v={v}"),
                ]
            }
        }
    }

    /// The graph from the pad `[from]` to the pad `[canvas]`.
    fn canvas(&self, from: &str, first: &str, layout: Layout, background: Background) -> String {
        let Layout::Banded {
            picture,
            axis,
            before,
            after,
        } = layout
        else {
            let filters = self.placed(CANVAS, true, "lanczos").join(",");
            return format!("[{from}]{first}{filters}[canvas]");
        };
        let small = self.background(background).join(",");
        let over = self.placed(picture, false, "lanczos").join(",");
        let stack = match axis {
            Axis::Vertical => "vstack",
            Axis::Horizontal => "hstack",
        };
        let before = band(axis, before, Side::Before);
        let after = band(axis, after, Side::After);
        format!(
            "[{from}]{first}split[under][over];\
             [under]{small},split[head][foot];[head]{before}[before];[foot]{after}[after];\
             [over]{over}[picture];\
             [before][picture][after]{stack}=inputs=3[canvas]"
        )
    }
}

#[derive(Debug, Clone, Copy)]
enum Side {
    Before,
    After,
}

/// Cuts a band out of the small background and enlarges it. Bilinear: there is no detail left to keep.
fn band(axis: Axis, thickness: u32, side: Side) -> String {
    let (small, large, across) = match axis {
        Axis::Vertical => (SMALL.height, CANVAS.height, CANVAS.width),
        Axis::Horizontal => (SMALL.width, CANVAS.width, CANVAS.height),
    };
    let cut = even(u64::from(thickness) * u64::from(small), u64::from(large)).min(small);
    let offset = match side {
        Side::Before => 0,
        Side::After => small - cut,
    };
    match axis {
        Axis::Vertical => format!(
            "crop={}:{cut}:0:{offset},scale={across}:{thickness}:flags=bilinear",
            SMALL.width
        ),
        Axis::Horizontal => format!(
            "crop={cut}:{}:{offset}:0,scale={thickness}:{across}:flags=bilinear",
            SMALL.height
        ),
    }
}

/// Lays the image of the input `input` over `[canvas]`, centred, and names the result `[covered]`. The image is read
/// and scaled once; its last frame stands for all that follow.
fn overlaid(image: &ImageProbe, input: usize, target: Target) -> String {
    let turned = image
        .frame
        .coded
        .swapped_if(image.frame.orientation.swaps_sides());
    let size = fitted(turned);
    let stored = size.swapped_if(image.frame.orientation.swaps_sides());
    let turn = image
        .frame
        .orientation
        .filter()
        .map(|turn| format!(",{turn}"))
        .unwrap_or_default();
    let (matrix, range, format, with_alpha) = match target.range {
        Range::Limited => (target.matrix.name(), "limited", "yuv420", "yuva420p"),
        Range::Full => ("bt601", "full", "yuv444", "yuva444p"),
    };
    format!(
        "[{input}:v]scale={}:{}:flags=lanczos:out_color_matrix={matrix}:out_range={range},format={with_alpha}{turn}[image];\
         [canvas][image]overlay={}:{}:format={format}:eof_action=repeat[covered]",
        stored.width,
        stored.height,
        (CANVAS.width - size.width) / 2,
        (CANVAS.height - size.height) / 2,
    )
}

/// The filters that bring wide colours and HDR to what every screen shows. HDR has 203 nits as white (ITU-R BT.2408) and
/// highlights rolled off.
fn narrowing(video: &VideoTrack) -> Option<String> {
    const WIDE: &str = "primariesin=bt2020:matrixin=2020_ncl:rangein=limited";
    const NARROW: &str = "transfer=709:matrix=709:range=limited";
    let tone_mapped = |transfer| {
        format!(
            "zscale=transferin={transfer}:{WIDE}:transfer=linear:primaries=709:npl=203,format=gbrpf32le,\
             tonemap=mobius:desat=0,zscale={NARROW}"
        )
    };
    match (video.transfer, video.matrix) {
        (Transfer::Hlg, _) => Some(tone_mapped("arib-std-b67")),
        (Transfer::Pq, _) => Some(tone_mapped("smpte2084")),
        (Transfer::Standard, Matrix::Bt2020) => Some(format!(
            "zscale=transferin=709:{WIDE}:primaries=709:{NARROW}"
        )),
        (Transfer::Standard, _) => None,
    }
}

/// When frames are dropped or repeated until there are thirty a second.
#[derive(Debug, Clone, Copy)]
enum Pace {
    /// Before anything else is done.
    First,
    /// When all else is done.
    Last,
}

/// Surplus frames go before any work is done on them. Missing ones are repeated when all work is done, but only where
/// one chain of filters leads from the source's start to the canvas: stacking and overlaying forget how long a frame
/// stands, and screen recordings stand still for seconds, at their end or where a window begins.
fn pace(plan: &VideoPlan, layout: Layout) -> Pace {
    let has_surplus = plan
        .source
        .video
        .rate
        .is_some_and(|rate| rate.exceeds(FRAMES_PER_SECOND));
    let is_one_chain = matches!(layout, Layout::Filled) && plan.overlay.is_none();
    if is_one_chain && plan.window.start.is_zero() && !has_surplus {
        Pace::Last
    } else {
        Pace::First
    }
}

/// The graph of a rendered video, from input 0 (and the overlay as input 1) to `[video]` and `[thumbnail]`.
pub(super) fn video(plan: &VideoPlan) -> String {
    let video = &plan.source.video;
    let narrowing = narrowing(video);
    let matrix = if narrowing.is_none() {
        video.matrix
    } else {
        Matrix::Bt709
    };
    let target = Target {
        pixel_format: "yuv420p",
        matrix,
        range: Range::Limited,
    };
    let picture = Picture {
        frame: video.frame,
        pixel_format: &video.pixel_format,
        range: video.range,
        narrowing: narrowing.as_deref(),
        target,
    };
    let layout = Layout::of(video.frame, plan.edit.fit);
    // The frame that stands when the window begins is its first.
    let steady = format!("fps={FRAMES_PER_SECOND}:start_time=0,");
    let (mut first, last) = match pace(plan, layout) {
        Pace::First => (steady, String::new()),
        Pace::Last => (String::new(), steady),
    };
    if !video.progressive {
        // Lines of two moments become one moment's, while they still lie as the camera wrote them. What is called
        // interlaced and is not, is left alone.
        first = format!("bwdif=mode=send_frame:deint=interlaced,{first}");
    }
    let mut graph = picture.canvas(
        &format!("0:{}", video.index),
        &first,
        layout,
        plan.edit.background,
    );
    let mut done = "canvas";
    if let Some(image) = &plan.overlay {
        graph = format!("{graph};{}", overlaid(image, 1, target));
        done = "covered";
    }
    format!(
        "{graph};[{done}]{last}trim=end_frame={},\
         setsar=1,setparams=range=limited:colorspace={},split[video][still];{}",
        plan.frames(),
        matrix.name(),
        thumbnail(plan, matrix, "still")
    )
}

/// The graph of a copied video's thumbnail, from input 1.
pub(super) fn thumbnail_of_copy(plan: &VideoPlan) -> String {
    thumbnail(
        plan,
        plan.source.video.matrix,
        &format!("1:{}", plan.source.video.index),
    )
}

/// Picks the first frame, and then the one at the thumbnail's moment, which overwrites it: a video whose last frame
/// comes earlier still has a thumbnail.
fn thumbnail(plan: &VideoPlan, matrix: Matrix, from: &str) -> String {
    let at = super::arguments::seconds(plan.thumbnail_at());
    format!(
        "[{from}]select='eq(n,0)+gte(t,{at})*lt(prev_selected_t,{at})',\
         scale={}:{}:flags=lanczos:in_color_matrix={}:out_color_matrix=bt601:out_range=full,\
         format=yuvj420p[thumbnail]",
        THUMBNAIL.width,
        THUMBNAIL.height,
        matrix.name()
    )
}

/// The graph of a photo, from input 0 (and the overlay as input 1) to `[photo]`.
pub(super) fn photo(plan: &PhotoPlan) -> String {
    let target = Target {
        pixel_format: "yuvj444p",
        matrix: Matrix::Bt601,
        range: Range::Full,
    };
    let picture = Picture {
        frame: plan.source.frame,
        // Whatever it is stored as, it is converted: to RGB if it is a cut-out, else by the scaler.
        pixel_format: "any",
        range: Range::Full,
        narrowing: None,
        target,
    };
    let (flattened, from) = if plan.source.has_alpha {
        (
            on_paper(plan.source.frame.coded, plan.edit.background),
            "flat",
        )
    } else {
        (String::new(), "0:v")
    };
    let mut graph = flattened + &picture.canvas(from, "", plan.layout(), plan.edit.background);
    let mut done = "canvas";
    if let Some(image) = &plan.overlay {
        graph = format!("{graph};{}", overlaid(image, 1, target));
        done = "covered";
    }
    format!(
        "{graph};[{done}]setsar=1,format={}[photo]",
        target.pixel_format
    )
}

/// Lays a cut-out on paper: the chosen colour, or white, as shops photograph their clothes.
fn on_paper(size: Size, background: Background) -> String {
    let Rgb([red, green, blue]) = match background {
        Background::Solid(rgb) => rgb,
        Background::Blur => Rgb([255; 3]),
    };
    format!(
        "[0:v]format=rgba[cutout];color=c=0x{red:02x}{green:02x}{blue:02x}:s={}x{},format=rgb24[paper];\
         [paper][cutout]overlay=format=rgb:shortest=1[flat];",
        size.width, size.height
    )
}
