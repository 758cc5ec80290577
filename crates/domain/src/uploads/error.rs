//! Why a file is not taken.

use avvivo_kernel::{ErrorKind, Fault};

use super::MEGABYTE;
use crate::reels::MAX_PHOTOS;

/// Why a file is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// The request names no shop.
    #[error("no shop was named")]
    ShopMissing,
    /// No file was announced.
    #[error("no file was announced")]
    NothingAnnounced,
    /// No file was confirmed.
    #[error("no file was confirmed")]
    NothingConfirmed,
    /// More than one video.
    #[error("more than one video")]
    TooManyVideos,
    /// More photos than a set may have.
    #[error("too many photos")]
    TooManyPhotos,
    /// Not declared as a video.
    #[error("not a video")]
    NotAVideo,
    /// Not declared as an image.
    #[error("not an image")]
    NotAPhoto,
    /// The overlay is not declared as an image.
    #[error("the overlay is not an image")]
    NotAnOverlay,
    /// Outside the shop's own folder.
    #[error("the path is not in the shop's folder")]
    ForeignPath,
    /// Announced but not there.
    #[error("{file} is not in the store")]
    Missing {
        /// Its name.
        file: String,
    },
    /// There, without a byte.
    #[error("{file} is empty")]
    Empty {
        /// Its name.
        file: String,
    },
    /// The name ends in neither .mp4 nor .mov.
    #[error("the video is neither mp4 nor mov")]
    VideoFormat,
    /// It was uploaded as something else than mp4 or mov.
    #[error("the video's declared type is neither mp4 nor mov")]
    VideoType,
    /// The overlay's name has an unknown extension.
    #[error("the overlay is none of png, jpg, webp")]
    OverlayFormat,
    /// Over the limit.
    #[error("larger than {max_bytes} bytes")]
    TooLarge {
        /// The limit.
        max_bytes: u64,
    },
}

impl Fault for UploadError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }

    fn code(&self) -> &'static str {
        match self {
            Self::ShopMissing => "upload.shop_missing",
            Self::NothingAnnounced => "upload.nothing_announced",
            Self::NothingConfirmed => "upload.nothing_confirmed",
            Self::TooManyVideos => "upload.too_many_videos",
            Self::TooManyPhotos => "upload.too_many_photos",
            Self::NotAVideo => "upload.not_a_video",
            Self::NotAPhoto => "upload.not_a_photo",
            Self::NotAnOverlay => "upload.not_an_overlay",
            Self::ForeignPath => "upload.foreign_path",
            Self::Missing { .. } => "upload.missing",
            Self::Empty { .. } => "upload.empty",
            Self::VideoFormat => "upload.video_format",
            Self::VideoType => "upload.video_type",
            Self::OverlayFormat => "upload.overlay_format",
            Self::TooLarge { .. } => "upload.too_large",
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::ShopMissing => "Indicá para qué tienda es la historia.".to_owned(),
            Self::NothingAnnounced => "Elegí al menos un archivo para subir.".to_owned(),
            Self::NothingConfirmed => "Confirmá al menos un archivo subido.".to_owned(),
            Self::TooManyVideos => "Cada historia lleva un solo video.".to_owned(),
            Self::TooManyPhotos => format!("Podés subir hasta {MAX_PHOTOS} fotos por historia."),
            Self::NotAVideo => "Ese archivo no es un video.".to_owned(),
            Self::NotAPhoto => "Las fotos tienen que ser imágenes.".to_owned(),
            Self::NotAnOverlay => "El diseño superpuesto tiene que ser una imagen.".to_owned(),
            Self::ForeignPath => "Ese archivo no es de tu tienda.".to_owned(),
            Self::Missing { file } => format!("No encontramos el archivo {file}. Subilo de nuevo."),
            Self::Empty { file } => format!("El archivo {file} está vacío. Subilo de nuevo."),
            Self::VideoFormat | Self::VideoType => "Subí el video en formato MP4 o MOV.".to_owned(),
            Self::OverlayFormat => "Subí el diseño superpuesto en PNG, JPG o WEBP.".to_owned(),
            Self::TooLarge { max_bytes } => {
                format!(
                    "El archivo pesa demasiado: el máximo es {} MB.",
                    max_bytes / MEGABYTE
                )
            }
        }
    }
}
