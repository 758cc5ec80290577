//! Why a shop cannot register: the codes are part of the contract, and each names the fields to mark.

use avvivo_kernel::{ErrorKind, Fault};
use serde_json::{Map, Value, json};

/// Why a shop cannot register.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// No step of that name.
    #[error("no such step")]
    InvalidStep,
    /// Shorter than four characters, longer than 120, or no text.
    #[error("not a store name")]
    InvalidStoreName,
    /// Shorter than four characters, longer than 120, or no text.
    #[error("not a legal name")]
    InvalidRazonSocial,
    /// Not eleven digits with the right last one.
    #[error("not a CUIT")]
    InvalidCuit,
    /// Another shop has it.
    #[error("another shop has that CUIT")]
    DuplicateCuit,
    /// Another shop has it.
    #[error("another shop has that name")]
    DuplicateStoreName,
    /// Parts of the address are missing, too long, or no text.
    #[error("the address lacks {0:?}")]
    InvalidAddress(Vec<&'static str>),
    /// In a gallery, the unit has to be named.
    #[error("the gallery's unit is missing")]
    GalleryLocalMissing,
    /// Somebody is there already, and it was not declared a gallery.
    #[error("the address is taken, and not declared a gallery")]
    AddressRequiresGallery {
        /// Whether somebody who is there declared a gallery.
        has_gallery: bool,
        /// How many are there.
        existing: usize,
    },
    /// Somebody is in that unit.
    #[error("the unit {local} is taken")]
    DuplicateGalleryLocal {
        /// Which, upper case.
        local: String,
    },
    /// Somebody of that name is there.
    #[error("a shop of that name is at that address")]
    DuplicateStoreAtAddress,
    /// Not an address.
    #[error("not an e-mail address")]
    InvalidEmail,
    /// Not an Argentine mobile number.
    #[error("not an Argentine mobile number")]
    InvalidWhatsapp,
    /// Another shop has one or both.
    #[error("another shop has that contact")]
    DuplicateContact {
        /// The e-mail.
        email: bool,
        /// The telephone.
        whatsapp: bool,
    },
    /// Terms and contact were not both accepted.
    #[error("consents are missing")]
    MissingConsents,
    /// Neither a network nor a site.
    #[error("neither a network nor a site")]
    MissingSocial,
    /// The account administers.
    #[error("the account administers")]
    OwnerAdministers,
    /// The account owns a shop.
    #[error("the account owns a shop")]
    OwnerHasShop,
    /// Somebody uses the account, and is not who registers.
    #[error("the account is used by somebody who is not signed in")]
    OwnerMustSignIn,
    /// The account vanished meanwhile.
    #[error("the account is gone")]
    OwnerGone,
    /// A field that may be left out cannot be meant.
    #[error("invalid field {0}")]
    InvalidField(&'static str),
}

impl IntakeError {
    /// The fields to mark, with what to say at each; goes out as `fieldErrors`.
    pub fn field_errors(&self) -> Map<String, Value> {
        let marks: Vec<(&str, String)> = match self {
            Self::InvalidStep | Self::OwnerGone => Vec::new(),
            Self::InvalidAddress(missing) => missing
                .iter()
                .map(|part| (*part, missing_part(part).to_owned()))
                .collect(),
            Self::DuplicateStoreAtAddress => vec![
                (
                    "storeName",
                    "Ese nombre ya existe en esta dirección.".to_owned(),
                ),
                (
                    "address",
                    "Esta dirección ya tiene una tienda con ese nombre.".to_owned(),
                ),
            ],
            Self::DuplicateContact { email, whatsapp } => [
                ("email", *email, "Ese email ya está registrado."),
                ("whatsapp", *whatsapp, "Ese WhatsApp ya está registrado."),
            ]
            .into_iter()
            .filter(|(_, taken, _)| *taken)
            .map(|(field, _, text)| (field, text.to_owned()))
            .collect(),
            other => vec![(other.field(), other.at_field())],
        };
        marks
            .into_iter()
            .map(|(field, text)| (field.to_owned(), text.into()))
            .collect()
    }

    /// What programs may want to know beside the code; goes out as `meta`.
    pub fn meta(&self) -> Option<Value> {
        match self {
            Self::AddressRequiresGallery {
                has_gallery,
                existing,
            } => Some(json!({
                "showGalleryCta": true,
                "addressHasGallery": has_gallery,
                "existingShopsCount": existing,
            })),
            Self::DuplicateContact { email, whatsapp } => Some(json!({
                "emailDuplicated": email,
                "whatsappDuplicated": whatsapp,
            })),
            _ => None,
        }
    }

    /// The one field to mark.
    fn field(&self) -> &'static str {
        match self {
            Self::InvalidStoreName | Self::DuplicateStoreName => "storeName",
            Self::InvalidRazonSocial => "razonSocial",
            Self::InvalidCuit | Self::DuplicateCuit => "cuit",
            Self::GalleryLocalMissing | Self::DuplicateGalleryLocal { .. } => "galleryLocal",
            Self::InvalidEmail
            | Self::OwnerAdministers
            | Self::OwnerHasShop
            | Self::OwnerMustSignIn => "email",
            Self::InvalidWhatsapp => "whatsapp",
            Self::MissingConsents => "consents",
            Self::MissingSocial => "socialHandles",
            Self::InvalidField(field) => field,
            Self::InvalidStep
            | Self::OwnerGone
            | Self::DuplicateContact { .. }
            | Self::InvalidAddress(_)
            | Self::DuplicateStoreAtAddress
            | Self::AddressRequiresGallery { .. } => "address",
        }
    }

    /// What to say at that field, where it is not the whole message.
    fn at_field(&self) -> String {
        match self {
            Self::InvalidStoreName => "El nombre comercial lleva entre 4 y 120 caracteres.",
            Self::InvalidRazonSocial => "La razón social lleva entre 4 y 120 caracteres.",
            Self::DuplicateCuit => "Ese CUIT ya está registrado.",
            Self::DuplicateStoreName => "Ese nombre comercial ya está registrado.",
            Self::GalleryLocalMissing => "Ingresá el local de la galería.",
            Self::DuplicateGalleryLocal { local } => {
                return format!("El local {local} ya está ocupado.");
            }
            Self::InvalidWhatsapp => "Número inválido o fuera del área de cobertura.",
            Self::MissingSocial => "Confirmá al menos una red social o web.",
            Self::OwnerAdministers => "Ese email no se puede usar para registrar una tienda.",
            _ => return self.public_message(),
        }
        .to_owned()
    }
}

fn missing_part(part: &str) -> &'static str {
    match part {
        "street" => "Completá la calle.",
        "number" => "Completá la altura.",
        "city" => "Completá la ciudad.",
        "province" => "Completá la provincia.",
        _ => "Revisá este dato: es demasiado largo o no es texto.",
    }
}

impl Fault for IntakeError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::DuplicateCuit
            | Self::DuplicateStoreName
            | Self::AddressRequiresGallery { .. }
            | Self::DuplicateGalleryLocal { .. }
            | Self::DuplicateStoreAtAddress
            | Self::DuplicateContact { .. }
            | Self::OwnerAdministers
            | Self::OwnerHasShop
            | Self::OwnerMustSignIn => ErrorKind::Conflict,
            Self::OwnerGone => ErrorKind::NotFound,
            Self::InvalidStep
            | Self::InvalidStoreName
            | Self::InvalidRazonSocial
            | Self::InvalidCuit
            | Self::InvalidAddress(_)
            | Self::GalleryLocalMissing
            | Self::InvalidEmail
            | Self::InvalidWhatsapp
            | Self::MissingConsents
            | Self::MissingSocial
            | Self::InvalidField(_) => ErrorKind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::InvalidStep => "INVALID_STEP",
            Self::InvalidStoreName => "INVALID_STORE_NAME",
            Self::InvalidRazonSocial => "INVALID_RAZON_SOCIAL",
            Self::InvalidCuit => "INVALID_CUIT",
            Self::DuplicateCuit => "DUPLICATE_CUIT",
            Self::DuplicateStoreName => "DUPLICATE_STORE_NAME",
            Self::InvalidAddress(_) | Self::GalleryLocalMissing => "INVALID_ADDRESS",
            Self::AddressRequiresGallery { .. } => "ADDRESS_REQUIRES_GALLERY",
            Self::DuplicateGalleryLocal { .. } => "DUPLICATE_GALLERY_LOCAL",
            Self::DuplicateStoreAtAddress => "DUPLICATE_STORE_AT_ADDRESS",
            Self::InvalidEmail => "INVALID_EMAIL",
            Self::InvalidWhatsapp => "INVALID_WHATSAPP",
            Self::DuplicateContact { .. }
            | Self::OwnerAdministers
            | Self::OwnerHasShop
            | Self::OwnerGone => "DUPLICATE_CONTACT",
            Self::OwnerMustSignIn => "SIGN_IN_FIRST",
            Self::MissingConsents => "MISSING_CONSENTS",
            Self::MissingSocial => "MISSING_SOCIAL",
            Self::InvalidField(_) => "INVALID_FIELD",
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::InvalidStep => "Ese paso de la validación no existe.",
            Self::InvalidStoreName => "Ingresá un nombre comercial válido.",
            Self::InvalidRazonSocial => "Ingresá una razón social válida.",
            Self::InvalidCuit => "Ingresá un CUIT válido.",
            Self::DuplicateCuit => "Ya existe una tienda registrada con ese CUIT.",
            Self::DuplicateStoreName => "Ya existe una tienda registrada con ese nombre comercial.",
            Self::InvalidAddress(_) => {
                "La dirección está incompleta. Completá calle, altura, ciudad y provincia."
            }
            Self::GalleryLocalMissing => "Si es una galería, indicá el número de local.",
            Self::AddressRequiresGallery {
                has_gallery: true, ..
            } => "Esta dirección figura como galería. Tocá «¿es una galería?» y completá el local.",
            Self::AddressRequiresGallery {
                has_gallery: false, ..
            } => "Esta dirección ya tiene una tienda. Si es una galería, tocá «¿es una galería?».",
            Self::DuplicateGalleryLocal { local } => {
                return format!("Ya existe una tienda registrada en ese local ({local}).");
            }
            Self::DuplicateStoreAtAddress => {
                "Ya existe una tienda con ese nombre en esa dirección."
            }
            Self::InvalidEmail => "Ingresá un email válido.",
            Self::InvalidWhatsapp => "El número de celular argentino no es válido.",
            Self::DuplicateContact {
                email: true,
                whatsapp: true,
            } => "Ya existe una tienda registrada con ese email y WhatsApp.",
            Self::DuplicateContact { email: true, .. } => {
                "Ya existe una tienda registrada con ese email."
            }
            Self::DuplicateContact { .. } => "Ya existe una tienda registrada con ese WhatsApp.",
            Self::MissingConsents => "Aceptá los términos y el contacto para continuar.",
            Self::MissingSocial => "Informá al menos una red social o una web.",
            Self::OwnerAdministers => "Ese email pertenece a una cuenta administrativa.",
            Self::OwnerHasShop => "Ese email ya tiene una tienda asignada.",
            Self::OwnerMustSignIn => {
                "Ese email ya tiene una cuenta. Iniciá sesión con ella para registrar la tienda."
            }
            Self::OwnerGone => {
                "No encontramos la cuenta para este registro. Volvé a iniciar sesión."
            }
            Self::InvalidField(field) => return format!("El campo {field} no es válido."),
        }
        .to_owned()
    }
}
