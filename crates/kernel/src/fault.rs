//! What every error answers: its kind, its code and a sentence for people.
//!
//! Transports translate the kind (an HTTP status, a gRPC code, acknowledge or retry); nobody parses the sentence.

use std::error::Error;

/// The closed list of what can go wrong from a caller's point of view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request is malformed or breaks a rule; repeating it unchanged cannot help.
    Invalid,
    /// Nobody, or nobody we believe, is asking.
    Unauthenticated,
    /// We know who asks, and they may not.
    Forbidden,
    /// The thing does not exist, or not for this caller.
    NotFound,
    /// The request is fine but the present state refuses it.
    Conflict,
    /// A quota or a rate is used up.
    LimitReached,
    /// The body or file is larger than we accept.
    TooLarge,
    /// Something we depend on is away; the same request may work later.
    Unavailable,
    /// Something we depend on took too long.
    Timeout,
    /// A defect of ours.
    Internal,
}

impl ErrorKind {
    /// Whether doing the same again later, unchanged, may succeed.
    pub fn is_transient(self) -> bool {
        match self {
            Self::Unavailable | Self::Timeout | Self::Internal => true,
            Self::Invalid
            | Self::Unauthenticated
            | Self::Forbidden
            | Self::NotFound
            | Self::Conflict
            | Self::LimitReached
            | Self::TooLarge => false,
        }
    }
}

/// An error that may travel to a caller.
///
/// `Display` is for logs. [`Fault::public_message`] is what people read.
pub trait Fault: Error {
    /// What went wrong, from the closed list.
    fn kind(&self) -> ErrorKind;
    /// A stable word for programs, such as `reel.too_long`.
    fn code(&self) -> &'static str;
    /// A Spanish sentence for people that says what to do next.
    fn public_message(&self) -> String;
}
