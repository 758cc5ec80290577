//! Why a reel cannot be what was asked.

use avvivo_kernel::{ErrorKind, Fault};

use super::MAX_PHOTOS;

/// Why a reel cannot be what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReelError {
    /// No reel of that id.
    #[error("no such reel")]
    NotFound,
    /// A photo set without photos.
    #[error("a photo set needs photos")]
    PhotosMissing,
    /// More photos than a set may have.
    #[error("too many photos")]
    TooManyPhotos,
    /// A video reel without a video.
    #[error("a video reel needs a video")]
    VideoMissing,
    /// The media is not an upload of this shop in our own bucket.
    #[error("the media is not an upload of this shop")]
    ForeignMedia,
    /// The media was announced but never arrived, or is gone.
    #[error("the media is not in the store")]
    MediaMissing,
    /// The file was replaced after it was confirmed.
    #[error("the media changed after it was confirmed")]
    MediaChanged,
    /// No shop of that id.
    #[error("no such shop")]
    ShopNotFound,
    /// The shop is not open.
    #[error("the shop may not publish")]
    ShopNotEnabled,
    /// The shop has no plan.
    #[error("the shop has no plan")]
    NoPlan,
    /// Another reel of the shop is still being rendered.
    #[error("another reel of the shop is being processed")]
    AlreadyProcessing,
    /// It was never rendered, so there is nothing to publish.
    #[error("the reel was never rendered")]
    NotRendered,
    /// A field has a value that cannot be meant.
    #[error("invalid field {field}")]
    InvalidField {
        /// Which one, as clients spell it.
        field: &'static str,
    },
}

impl Fault for ReelError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound | Self::ShopNotFound => ErrorKind::NotFound,
            // The only conflict among reels: clients take a 409 for exactly this.
            Self::AlreadyProcessing => ErrorKind::Conflict,
            Self::PhotosMissing
            | Self::TooManyPhotos
            | Self::VideoMissing
            | Self::ForeignMedia
            | Self::MediaMissing
            | Self::MediaChanged
            | Self::ShopNotEnabled
            | Self::NoPlan
            | Self::NotRendered
            | Self::InvalidField { .. } => ErrorKind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "reel.not_found",
            Self::PhotosMissing => "reel.photos_missing",
            Self::TooManyPhotos => "reel.too_many_photos",
            Self::VideoMissing => "reel.video_missing",
            Self::ForeignMedia => "reel.foreign_media",
            Self::MediaMissing => "reel.media_missing",
            Self::MediaChanged => "reel.media_changed",
            Self::ShopNotFound => "shop.not_found",
            Self::ShopNotEnabled => "shop.not_enabled",
            Self::NoPlan => "shop.no_plan",
            Self::AlreadyProcessing => "reel.already_processing",
            Self::NotRendered => "reel.not_rendered",
            Self::InvalidField { .. } => "reel.invalid_field",
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::NotFound => "No encontramos esa historia.".to_owned(),
            Self::PhotosMissing => "Agregá al menos una foto.".to_owned(),
            Self::TooManyPhotos => format!("Podés usar hasta {MAX_PHOTOS} fotos por historia."),
            Self::VideoMissing => "Agregá un video.".to_owned(),
            Self::ForeignMedia => {
                "Subí el archivo desde tu tienda: no aceptamos enlaces de otros sitios.".to_owned()
            }
            Self::MediaMissing => "El archivo no terminó de subir. Subilo de nuevo.".to_owned(),
            Self::MediaChanged => {
                "El archivo cambió después de confirmarlo. Subilo de nuevo.".to_owned()
            }
            Self::ShopNotFound => "No encontramos esa tienda.".to_owned(),
            Self::ShopNotEnabled => {
                "Tu tienda no está habilitada para publicar historias.".to_owned()
            }
            Self::NoPlan => {
                "Tu tienda no tiene un plan. Elegí uno para publicar historias.".to_owned()
            }
            Self::AlreadyProcessing => {
                "Ya tenés una historia en proceso. Esperá a que termine para publicar otra."
                    .to_owned()
            }
            Self::NotRendered => {
                "Esta historia nunca terminó de procesarse, así que no se puede mostrar.".to_owned()
            }
            Self::InvalidField { field } => format!("El campo {field} no es válido."),
        }
    }
}
