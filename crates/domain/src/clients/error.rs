//! Why a buyer cannot have what they asked.

use avvivo_kernel::{ErrorKind, Fault};

use crate::fields::FieldError;

/// Why a buyer cannot have what they asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// Too short, too long, or of other characters.
    #[error("not a user name")]
    Username,
    /// Somebody else's.
    #[error("the user name is taken")]
    UsernameTaken,
    /// Not a telephone number.
    #[error("not a telephone number")]
    Phone,
    /// Not a day on which somebody was born.
    #[error("not a birth date")]
    BirthDate,
    /// No shop of that id to follow.
    #[error("no such shop")]
    ShopNotFound,
    /// No live of that id.
    #[error("no such live")]
    LiveNotFound,
    /// The live began, ended or was called off.
    #[error("the live is not announced")]
    LiveNotUpcoming,
    /// A field cannot be meant.
    #[error(transparent)]
    Field(#[from] FieldError),
}

impl Fault for ClientError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::ShopNotFound => ErrorKind::NotFound,
            // To clients of these routes, a name that is taken and a live that is not there have always been a 400.
            Self::Username
            | Self::UsernameTaken
            | Self::Phone
            | Self::BirthDate
            | Self::LiveNotFound
            | Self::LiveNotUpcoming => ErrorKind::Invalid,
            Self::Field(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Username => "client.invalid_username",
            Self::UsernameTaken => "client.username_taken",
            Self::Phone => "client.invalid_phone",
            Self::BirthDate => "client.invalid_birth_date",
            Self::ShopNotFound => "shop.not_found",
            Self::LiveNotFound => "live.not_found",
            Self::LiveNotUpcoming => "live.not_upcoming",
            Self::Field(error) => error.code(),
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Username => {
                "Usuario inválido. Usá de 3 a 20 letras, números, puntos o guiones bajos."
            }
            Self::UsernameTaken => "Ese nombre de usuario ya está en uso.",
            Self::Phone => "Teléfono inválido. Escribilo con el prefijo del país, como +549...",
            Self::BirthDate => "Fecha de nacimiento inválida.",
            Self::ShopNotFound => "No encontramos esa tienda.",
            Self::LiveNotFound => "No encontramos ese vivo.",
            Self::LiveNotUpcoming => "Solo podés pedir recordatorios de vivos programados.",
            Self::Field(error) => return error.public_message(),
        }
        .to_owned()
    }
}
