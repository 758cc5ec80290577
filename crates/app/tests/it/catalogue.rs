//! Every code that a use case can fail with. The list is part of the contract with clients: a change here is one there.

use avvivo_app::AppError;
use avvivo_domain::{
    chat::ChatError,
    clients::ClientError,
    fields::FieldError,
    identity::{AccessError, EmailError, onboarding::OnboardingError},
    quota::QuotaError,
    reels::ReelError,
    reports::ReportError,
    shops::{ShopError, images::ImageError, intake::IntakeError},
    uploads::UploadError,
};
use avvivo_kernel::Fault as _;
use avvivo_ports::{IdentityError, MailError, ObjectPath, StoreError};
use avvivo_postgres::DbError;
use sqlx::migrate::MigrateError;

/// Lists a value of each variant. A variant that is missing does not compile.
macro_rules! each {
    ($name:ident: $($pattern:pat => $value:expr),+ $(,)?) => {{
        let complete = |error: &$name| match error { $($pattern => ()),+ };
        let all: Vec<$name> = vec![$($value),+];
        all.iter().for_each(complete);
        all.into_iter().map(AppError::from)
    }};
}

fn access() -> impl Iterator<Item = AppError> {
    use AccessError as E;
    each!(AccessError:
        E::Anonymous => E::Anonymous,
        E::NoEmail => E::NoEmail,
        E::Suspended => E::Suspended,
        E::AdminSuspended => E::AdminSuspended,
        E::NotAllowed => E::NotAllowed,
        E::NotYours => E::NotYours,
    )
}

fn chat() -> impl Iterator<Item = AppError> {
    use ChatError as E;
    each!(ChatError:
        E::NotFound => E::NotFound,
        E::ShopNotFound => E::ShopNotFound,
        E::NotTheirShop => E::NotTheirShop,
        E::NotAvailable => E::NotAvailable,
        E::Empty => E::Empty,
        E::TooLong => E::TooLong,
        E::ForeignAttachment => E::ForeignAttachment,
        E::BadCursor => E::BadCursor,
        E::ConversationMissing => E::ConversationMissing,
        E::TooManyFiles => E::TooManyFiles,
        E::Upload(_) => E::Upload(UploadError::NotAPhoto),
    )
}

fn client() -> impl Iterator<Item = AppError> {
    use ClientError as E;
    let field = || FieldError::Wrong { field: "birthDate" };
    each!(ClientError:
        E::Username => E::Username,
        E::UsernameTaken => E::UsernameTaken,
        E::Phone => E::Phone,
        E::BirthDate => E::BirthDate,
        E::ShopNotFound => E::ShopNotFound,
        E::LiveNotFound => E::LiveNotFound,
        E::LiveNotUpcoming => E::LiveNotUpcoming,
        E::Field(_) => E::Field(field()),
    )
}

fn onboarding() -> impl Iterator<Item = AppError> {
    use OnboardingError as E;
    each!(OnboardingError:
        E::InvalidIntent => E::InvalidIntent,
        E::AccountGone => E::AccountGone,
        E::Administrative => E::Administrative,
        E::AlreadyChosen => E::AlreadyChosen,
    )
}

fn reel() -> impl Iterator<Item = AppError> {
    use ReelError as E;
    each!(ReelError:
        E::NotFound => E::NotFound,
        E::PhotosMissing => E::PhotosMissing,
        E::TooManyPhotos => E::TooManyPhotos,
        E::VideoMissing => E::VideoMissing,
        E::ForeignMedia => E::ForeignMedia,
        E::MediaMissing => E::MediaMissing,
        E::MediaChanged => E::MediaChanged,
        E::ShopNotFound => E::ShopNotFound,
        E::ShopNotEnabled => E::ShopNotEnabled,
        E::NoPlan => E::NoPlan,
        E::AlreadyProcessing => E::AlreadyProcessing,
        E::NotRendered => E::NotRendered,
        E::InvalidField { .. } => E::InvalidField { field: "durationSeconds" },
    )
}

fn report() -> impl Iterator<Item = AppError> {
    use ReportError as E;
    each!(ReportError:
        E::Token => E::Token,
        E::Missing => E::Missing,
        E::NotHtml => E::NotHtml,
        E::TooLarge => E::TooLarge,
        E::PathMissing => E::PathMissing,
        E::NotFound => E::NotFound,
    )
}

fn shop() -> impl Iterator<Item = AppError> {
    use ShopError as E;
    each!(ShopError:
        E::NotFound => E::NotFound,
        E::NotTheOwner => E::NotTheOwner,
        E::Banned => E::Banned,
        E::InvalidId => E::InvalidId,
        E::InvalidEmail => E::InvalidEmail,
        E::EmailTaken => E::EmailTaken,
        E::SlugTaken => E::SlugTaken,
        E::NameTaken => E::NameTaken,
        E::InvalidCuit => E::InvalidCuit,
        E::CuitTaken => E::CuitTaken,
        E::Whatsapp => E::Whatsapp,
        E::RepeatedNetwork => E::RepeatedNetwork,
        E::Days => E::Days,
        E::Amount => E::Amount,
        E::NoPlan => E::NoPlan,
        E::AgendaSuspended => E::AgendaSuspended,
        E::OwnerNotFound => E::OwnerNotFound,
        E::OwnerAdministers => E::OwnerAdministers,
        E::OwnerHasShop => E::OwnerHasShop,
        E::NobodyToInvite => E::NobodyToInvite,
        E::AddressChanged => E::AddressChanged,
        E::Field(_) => E::Field(FieldError::Missing { field: "name" }),
    )
}

fn intake() -> impl Iterator<Item = AppError> {
    use IntakeError as E;
    each!(IntakeError:
        E::InvalidStep => E::InvalidStep,
        E::OwnerMustSignIn => E::OwnerMustSignIn,
        E::InvalidStoreName => E::InvalidStoreName,
        E::InvalidRazonSocial => E::InvalidRazonSocial,
        E::InvalidCuit => E::InvalidCuit,
        E::DuplicateCuit => E::DuplicateCuit,
        E::DuplicateStoreName => E::DuplicateStoreName,
        E::InvalidAddress(_) => E::InvalidAddress(vec!["street"]),
        E::GalleryLocalMissing => E::GalleryLocalMissing,
        E::AddressRequiresGallery { .. } => E::AddressRequiresGallery { has_gallery: false, existing: 1 },
        E::DuplicateGalleryLocal { .. } => E::DuplicateGalleryLocal { local: "12B".to_owned() },
        E::DuplicateStoreAtAddress => E::DuplicateStoreAtAddress,
        E::InvalidEmail => E::InvalidEmail,
        E::InvalidWhatsapp => E::InvalidWhatsapp,
        E::DuplicateContact { .. } => E::DuplicateContact { email: true, whatsapp: false },
        E::MissingConsents => E::MissingConsents,
        E::MissingSocial => E::MissingSocial,
        E::OwnerAdministers => E::OwnerAdministers,
        E::OwnerHasShop => E::OwnerHasShop,
        E::OwnerGone => E::OwnerGone,
        E::InvalidField(_) => E::InvalidField("website"),
    )
}

fn image() -> impl Iterator<Item = AppError> {
    use ImageError as E;
    each!(ImageError:
        E::Missing => E::Missing,
        E::NotAnImage => E::NotAnImage,
        E::TooLarge => E::TooLarge,
        E::TooManyPixels => E::TooManyPixels,
    )
}

fn upload() -> impl Iterator<Item = AppError> {
    use UploadError as E;
    let file = || "video.mp4".to_owned();
    each!(UploadError:
        E::ShopMissing => E::ShopMissing,
        E::NothingAnnounced => E::NothingAnnounced,
        E::NothingConfirmed => E::NothingConfirmed,
        E::TooManyVideos => E::TooManyVideos,
        E::TooManyPhotos => E::TooManyPhotos,
        E::NotAVideo => E::NotAVideo,
        E::NotAPhoto => E::NotAPhoto,
        E::NotAnOverlay => E::NotAnOverlay,
        E::ForeignPath => E::ForeignPath,
        E::Missing { .. } => E::Missing { file: file() },
        E::Empty { .. } => E::Empty { file: file() },
        E::VideoFormat => E::VideoFormat,
        E::VideoType => E::VideoType,
        E::OverlayFormat => E::OverlayFormat,
        E::TooLarge { .. } => E::TooLarge { max_bytes: 100 << 20 },
    )
}

fn quota() -> impl Iterator<Item = AppError> {
    use QuotaError as E;
    each!(QuotaError: E::NoReelsLeft => E::NoReelsLeft)
}

fn outside() -> impl Iterator<Item = AppError> {
    let reason = || "503".to_owned();
    let retry_after = None;
    let email = {
        use EmailError as E;
        each!(EmailError: E::Invalid => E::Invalid)
    };
    let mail = {
        use MailError as E;
        each!(MailError:
            E::NotConfigured => E::NotConfigured,
            E::Refused { .. } => E::Refused { reason: reason() },
            E::Unavailable { .. } => E::Unavailable { reason: reason(), retry_after },
            E::Timeout => E::Timeout,
        )
    };
    let identity = {
        use IdentityError as E;
        each!(IdentityError:
            E::NotConfigured => E::NotConfigured,
            E::UnknownUser => E::UnknownUser,
            E::Refused { .. } => E::Refused { reason: reason() },
            E::Unavailable { .. } => E::Unavailable { reason: reason(), retry_after },
            E::Timeout => E::Timeout,
        )
    };
    email.chain(mail).chain(identity)
}

fn database() -> impl Iterator<Item = AppError> {
    use DbError as E;
    let cause = || sqlx::Error::PoolTimedOut;
    each!(DbError:
        E::Unavailable(_) => E::Unavailable(cause()),
        E::Raced(_) => E::Raced(cause()),
        E::Constraint { .. } => E::Constraint { name: "reels_pkey".to_owned(), source: cause() },
        E::BrokenRow { .. } => E::BrokenRow {
            table: "reels",
            column: "status",
            id: "1".to_owned(),
            value: "MARTIAN".to_owned(),
        },
        E::Statement(_) => E::Statement(cause()),
        E::Migration(_) => E::Migration(MigrateError::VersionMissing(1)),
        E::HalfBuiltIndex { .. } => E::HalfBuiltIndex {
            name: "reels_feed_idx".to_owned(),
        },
    )
}

fn store() -> impl Iterator<Item = AppError> {
    use StoreError as E;
    let path = || ObjectPath::new("shops/1/video.mp4");
    let reason = || "503".to_owned();
    each!(StoreError:
        E::Missing { .. } => E::Missing { path: path() },
        E::TooLarge { .. } => E::TooLarge { path: path(), max_bytes: 100 << 20 },
        E::Unavailable { .. } => E::Unavailable { reason: reason() },
        E::Refused { .. } => E::Refused { reason: reason() },
        E::Local(_) => E::Local(std::io::Error::other("disk full")),
    )
}

#[test]
fn the_catalogue_of_codes() {
    let all = access()
        .chain(chat())
        .chain(client())
        .chain(onboarding())
        .chain(reel())
        .chain(report())
        .chain(shop())
        .chain(intake())
        .chain(image())
        .chain(upload())
        .chain(quota())
        .chain(database())
        .chain(store())
        .chain(outside());
    let lines: Vec<String> = all
        .map(|error| {
            format!(
                "{:<24} {:<16} {}",
                error.code(),
                format!("{:?}", error.kind()),
                error.public_message()
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}
