#![doc = include_str!("../README.md")]

mod boxes;
mod colour;
mod container;
mod edit;
mod error;
mod geometry;
mod image_header;
mod limits;
mod meter;
mod outputs;
mod plan;
mod probe;
mod process;
mod sandbox;
mod stderr;
mod threads;
mod transcoder;
mod upright;

pub use edit::{Background, EditSpec, Fit, Rgb, Trim};
pub use error::MediaError;
pub use geometry::{CANVAS, Frame, Orientation, Size};
pub use image_header::ImageFormat;
pub use limits::Limits;
pub use outputs::{RenderedPhoto, RenderedVideo};
pub use plan::{PhotoPlan, VideoPlan, Window};
pub use probe::{AudioTrack, ImageProbe, Rate, VideoProbe, VideoTrack};
pub use sandbox::Isolation;
pub use threads::Threads;
pub use transcoder::{Settings, Transcoder};
