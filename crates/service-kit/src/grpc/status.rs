//! Error kinds as gRPC statuses, and back.

use avvivo_kernel::{ErrorKind, Fault};
use tonic::{Code, Status, metadata::MetadataValue};

/// Metadata that carries the stable code, such as `reel.too_long`.
const ERROR_CODE: &str = "avvivo-error-code";

/// The status that answers a fault: code by kind, the sentence for people as message, the stable code as metadata.
pub fn status_of(fault: &dyn Fault) -> Status {
    let mut status = Status::new(grpc_code(fault.kind()), fault.public_message());
    if let Ok(code) = MetadataValue::try_from(fault.code()) {
        status.metadata_mut().insert(ERROR_CODE, code);
    }
    status
}

/// The stable code a peer of ours sent along.
pub fn error_code(status: &Status) -> Option<&str> {
    status
        .metadata()
        .get(ERROR_CODE)
        .and_then(|code| code.to_str().ok())
}

/// How a kind travels. Every kind has a code of its own, so that [`error_kind`] undoes it.
pub fn grpc_code(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::Invalid => Code::InvalidArgument,
        ErrorKind::Unauthenticated => Code::Unauthenticated,
        ErrorKind::Forbidden => Code::PermissionDenied,
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::Conflict => Code::FailedPrecondition,
        ErrorKind::LimitReached => Code::ResourceExhausted,
        ErrorKind::TooLarge => Code::OutOfRange,
        ErrorKind::Unavailable => Code::Unavailable,
        ErrorKind::Timeout => Code::DeadlineExceeded,
        ErrorKind::Internal => Code::Internal,
    }
}

/// The kind of a status, ours or the transport's.
pub fn error_kind(status: &Status) -> ErrorKind {
    match status.code() {
        Code::InvalidArgument => ErrorKind::Invalid,
        Code::Unauthenticated => ErrorKind::Unauthenticated,
        Code::PermissionDenied => ErrorKind::Forbidden,
        Code::NotFound => ErrorKind::NotFound,
        Code::FailedPrecondition | Code::AlreadyExists | Code::Aborted => ErrorKind::Conflict,
        Code::ResourceExhausted => ErrorKind::LimitReached,
        Code::OutOfRange => ErrorKind::TooLarge,
        Code::Unavailable => ErrorKind::Unavailable,
        // tonic answers "cancelled" when its own deadline passes before the server's.
        Code::DeadlineExceeded | Code::Cancelled => ErrorKind::Timeout,
        Code::Ok | Code::Unknown | Code::Unimplemented | Code::Internal | Code::DataLoss => {
            ErrorKind::Internal
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("reel 7 lasts 40 s")]
    struct TooLong;

    impl Fault for TooLong {
        fn kind(&self) -> ErrorKind {
            ErrorKind::Invalid
        }

        fn code(&self) -> &'static str {
            "reel.too_long"
        }

        fn public_message(&self) -> String {
            "El video es demasiado largo. Recortalo a 15 segundos.".to_owned()
        }
    }

    #[test]
    fn every_kind_survives_the_journey() {
        for kind in [
            ErrorKind::Invalid,
            ErrorKind::Unauthenticated,
            ErrorKind::Forbidden,
            ErrorKind::NotFound,
            ErrorKind::Conflict,
            ErrorKind::LimitReached,
            ErrorKind::TooLarge,
            ErrorKind::Unavailable,
            ErrorKind::Timeout,
            ErrorKind::Internal,
        ] {
            assert_eq!(error_kind(&Status::new(grpc_code(kind), "")), kind);
        }
    }

    #[test]
    fn the_code_travels_and_the_text_for_logs_does_not() {
        let status = status_of(&TooLong);
        assert_eq!(error_code(&status), Some("reel.too_long"));
        assert!(!status.message().contains("reel 7"));
    }
}
