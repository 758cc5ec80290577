//! Why a shop cannot be what was asked.

use avvivo_kernel::{ErrorKind, Fault};

use crate::fields::FieldError;

/// Why a shop cannot be what was asked. Registering oneself has its own list: [`super::intake::IntakeError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShopError {
    /// No shop of that id, or none that this viewer may see.
    #[error("no such shop")]
    NotFound,
    /// Only its owner may confirm its data.
    #[error("only its owner may do this")]
    NotTheOwner,
    /// What was thrown out is not let in by lifting a suspension.
    #[error("the shop is banned")]
    Banned,
    /// An id that is none.
    #[error("the id is no UUID")]
    InvalidId,
    /// An e-mail that is none.
    #[error("not an e-mail address")]
    InvalidEmail,
    /// Another shop has the e-mail.
    #[error("another shop has that e-mail")]
    EmailTaken,
    /// Another shop has the word in its addresses.
    #[error("another shop has that slug")]
    SlugTaken,
    /// Another shop has the name.
    #[error("another shop has that name")]
    NameTaken,
    /// A tax number that is none.
    #[error("not a CUIT")]
    InvalidCuit,
    /// Another shop has the tax number.
    #[error("another shop has that CUIT")]
    CuitTaken,
    /// A telephone that is none.
    #[error("not a WhatsApp number")]
    Whatsapp,
    /// Two handles on one network.
    #[error("a network is named twice")]
    RepeatedNetwork,
    /// Not a time to be suspended for.
    #[error("not a number of days")]
    Days,
    /// Not a number of slots.
    #[error("not an amount")]
    Amount,
    /// Without a plan nothing is bought.
    #[error("the shop has no plan")]
    NoPlan,
    /// While it may not schedule, no lives are bought.
    #[error("the agenda is suspended")]
    AgendaSuspended,
    /// Nobody of that id or e-mail has signed in.
    #[error("no such account")]
    OwnerNotFound,
    /// Administrators own no shops.
    #[error("the account administers")]
    OwnerAdministers,
    /// They own another.
    #[error("the account owns another shop")]
    OwnerHasShop,
    /// The shop has no address to write to.
    #[error("the shop has no e-mail to write to")]
    NobodyToInvite,
    /// Its address changed again and again while a link was asked for.
    #[error("the shop's e-mail changed meanwhile")]
    AddressChanged,
    /// A field cannot be meant.
    #[error(transparent)]
    Field(#[from] FieldError),
}

impl Fault for ShopError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound => ErrorKind::NotFound,
            Self::Banned
            | Self::AddressChanged
            | Self::EmailTaken
            | Self::SlugTaken
            | Self::NameTaken
            | Self::CuitTaken => ErrorKind::Conflict,
            // These have always been a 400 to clients, whatever is wrong.
            Self::NotTheOwner
            | Self::NoPlan
            | Self::AgendaSuspended
            | Self::OwnerNotFound
            | Self::OwnerAdministers
            | Self::OwnerHasShop
            | Self::NobodyToInvite
            | Self::InvalidId
            | Self::InvalidEmail
            | Self::InvalidCuit
            | Self::Whatsapp
            | Self::RepeatedNetwork
            | Self::Days
            | Self::Amount => ErrorKind::Invalid,
            Self::Field(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "shop.not_found",
            Self::NotTheOwner => "shop.not_the_owner",
            Self::Banned => "shop.banned",
            Self::InvalidId => "shop.invalid_id",
            Self::InvalidEmail => "shop.invalid_email",
            Self::EmailTaken => "shop.email_taken",
            Self::SlugTaken => "shop.slug_taken",
            Self::NameTaken => "shop.name_taken",
            Self::InvalidCuit => "shop.invalid_cuit",
            Self::CuitTaken => "shop.cuit_taken",
            Self::Whatsapp => "shop.invalid_whatsapp",
            Self::RepeatedNetwork => "shop.repeated_network",
            Self::Days => "shop.invalid_days",
            Self::Amount => "quota.invalid_amount",
            Self::NoPlan => "shop.no_plan",
            Self::AgendaSuspended => "shop.agenda_suspended",
            Self::OwnerNotFound => "shop.owner_not_found",
            Self::OwnerAdministers => "shop.owner_administers",
            Self::OwnerHasShop => "shop.owner_has_shop",
            Self::NobodyToInvite => "shop.nobody_to_invite",
            Self::AddressChanged => "shop.address_changed",
            Self::Field(error) => error.code(),
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::NotFound => "No encontramos esa tienda.",
            Self::NotTheOwner => "Solo quien tiene asignada la tienda puede confirmar sus datos.",
            Self::Banned => "La tienda está bloqueada: levantar la suspensión no la habilita.",
            Self::InvalidId => "El identificador de la tienda no es válido.",
            Self::InvalidEmail => "Ingresá un email válido.",
            Self::EmailTaken => "Ya existe una tienda con ese email.",
            Self::SlugTaken => "Ya existe una tienda con esa dirección web.",
            Self::NameTaken => "Ya existe una tienda con ese nombre.",
            Self::InvalidCuit => "Ingresá un CUIT válido.",
            Self::CuitTaken => "Ya existe una tienda con ese CUIT.",
            Self::Whatsapp => {
                "WhatsApp inválido. Usá el formato internacional, por ejemplo +541122334455."
            }
            Self::RepeatedNetwork => "Cada red social puede aparecer una sola vez.",
            Self::Days => "Indicá por cuántos días: más de 0 y hasta 365.",
            Self::Amount => "Indicá una cantidad entera mayor que cero.",
            Self::NoPlan => {
                "La tienda no tiene un plan. Asignale uno para habilitar compras, historias y vivos."
            }
            Self::AgendaSuspended => {
                "La agenda está suspendida: por ahora no podés comprar cupos de vivos."
            }
            Self::OwnerNotFound => {
                "No encontramos esa cuenta. La persona tiene que iniciar sesión al menos una vez."
            }
            Self::OwnerAdministers => "Una cuenta administrativa no puede tener una tienda.",
            Self::OwnerHasShop => "Esa cuenta ya tiene una tienda asignada.",
            Self::NobodyToInvite => "La tienda no tiene un email válido para enviarle la invitación.",
            Self::AddressChanged => "El email de la tienda acaba de cambiar. Probá de nuevo.",
            Self::Field(error) => return error.public_message(),
        }
        .to_owned()
    }
}
