//! A use case fails with the error of whatever refused it; this only says which that was.

use avvivo_domain::{
    chat::ChatError,
    clients::ClientError,
    identity::{AccessError, EmailError, onboarding::OnboardingError},
    quota::QuotaError,
    reels::ReelError,
    reports::ReportError,
    shops::{ShopError, images::ImageError, intake::IntakeError},
    uploads::UploadError,
};
use avvivo_kernel::{ErrorKind, Fault};
use avvivo_ports::{IdentityError, MailError, StoreError};
use avvivo_postgres::DbError;

use crate::realtime::topics::TopicError;

/// Why a use case failed.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The caller may not.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The chat's rules refuse.
    #[error(transparent)]
    Chat(#[from] ChatError),
    /// The rules of profiles, favourites and reminders refuse.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The choice is not theirs.
    #[error(transparent)]
    Onboarding(#[from] OnboardingError),
    /// The reel's rules refuse.
    #[error(transparent)]
    Reel(#[from] ReelError),
    /// The report is not taken, or not there.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The shop's rules refuse.
    #[error(transparent)]
    Shop(#[from] ShopError),
    /// The shop cannot register.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// The picture is not taken.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The file is not taken.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// The stream cannot carry that.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// The quota is used up.
    #[error(transparent)]
    Quota(#[from] QuotaError),
    /// The e-mail address is none.
    #[error(transparent)]
    Email(#[from] EmailError),
    /// No mail can be sent.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// The identity provider did not do what was asked.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The object store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AppError {
    fn fault(&self) -> &dyn Fault {
        match self {
            Self::Access(error) => error,
            Self::Chat(error) => error,
            Self::Client(error) => error,
            Self::Onboarding(error) => error,
            Self::Reel(error) => error,
            Self::Report(error) => error,
            Self::Shop(error) => error,
            Self::Intake(error) => error,
            Self::Image(error) => error,
            Self::Upload(error) => error,
            Self::Topic(error) => error,
            Self::Quota(error) => error,
            Self::Email(error) => error,
            Self::Mail(error) => error,
            Self::Identity(error) => error,
            Self::Db(error) => error,
            Self::Store(error) => error,
        }
    }
}

impl Fault for AppError {
    fn kind(&self) -> ErrorKind {
        self.fault().kind()
    }

    fn code(&self) -> &'static str {
        self.fault().code()
    }

    fn public_message(&self) -> String {
        self.fault().public_message()
    }
}
