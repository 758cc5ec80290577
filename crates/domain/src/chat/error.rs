//! Why something cannot be said.

use avvivo_kernel::{ErrorKind, Fault};

use super::{MAX_ATTACHMENTS, MAX_CONTENT_UNITS};
use crate::uploads::UploadError;

/// Why something cannot be said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// No such conversation, or not of this caller.
    #[error("no such conversation")]
    NotFound,
    /// No such shop to talk to.
    #[error("no such shop")]
    ShopNotFound,
    /// A shop that is not the caller's.
    #[error("the shop is not theirs")]
    NotTheirShop,
    /// It takes no messages.
    #[error("the conversation takes no messages")]
    NotAvailable,
    /// Neither text nor files.
    #[error("the message says nothing")]
    Empty,
    /// Too much text.
    #[error("the text is too long")]
    TooLong,
    /// A file that its sender did not upload to this conversation and confirm.
    #[error("the attachment is not an upload of the sender")]
    ForeignAttachment,
    /// The cursor is none of ours.
    #[error("the cursor is none of ours")]
    BadCursor,
    /// No conversation was named.
    #[error("no conversation was named")]
    ConversationMissing,
    /// More files than a message takes.
    #[error("too many files")]
    TooManyFiles,
    /// The files themselves are refused.
    #[error(transparent)]
    Upload(#[from] UploadError),
}

impl Fault for ChatError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Upload(error) => error.kind(),
            // To clients of the chat, what is not there has always been a 400.
            Self::NotFound
            | Self::ShopNotFound
            | Self::NotTheirShop
            | Self::NotAvailable
            | Self::Empty
            | Self::TooLong
            | Self::ForeignAttachment
            | Self::BadCursor
            | Self::ConversationMissing
            | Self::TooManyFiles => ErrorKind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "chat.not_found",
            Self::ShopNotFound => "shop.not_found",
            Self::NotTheirShop => "shop.not_yours",
            Self::NotAvailable => "chat.not_available",
            Self::Empty => "chat.empty_message",
            Self::TooLong => "chat.message_too_long",
            Self::ForeignAttachment => "chat.foreign_attachment",
            Self::BadCursor => "request.bad_cursor",
            Self::ConversationMissing => "chat.conversation_missing",
            Self::TooManyFiles => "chat.too_many_attachments",
            Self::Upload(error) => error.code(),
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::NotFound => "No encontramos esa conversación.".to_owned(),
            Self::ShopNotFound => "No encontramos esa tienda.".to_owned(),
            Self::NotTheirShop => "No encontramos esa tienda en tu cuenta.".to_owned(),
            Self::NotAvailable => "Esta conversación no recibe mensajes nuevos.".to_owned(),
            Self::Empty => "Escribí algo o agregá una imagen.".to_owned(),
            Self::TooLong => {
                format!("El mensaje es muy largo: usá hasta {MAX_CONTENT_UNITS} caracteres.")
            }
            Self::ForeignAttachment => {
                "Adjuntá la imagen desde este chat: no aceptamos enlaces de otros sitios."
                    .to_owned()
            }
            Self::BadCursor => "No pudimos continuar el listado. Empezá de nuevo.".to_owned(),
            Self::ConversationMissing => "Falta decir de qué conversación se trata.".to_owned(),
            Self::TooManyFiles => {
                format!("Podés adjuntar hasta {MAX_ATTACHMENTS} imágenes por mensaje.")
            }
            Self::Upload(error) => error.public_message(),
        }
    }
}
