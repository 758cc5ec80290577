//! Names one lease of one message, as clients hand it back.

use std::fmt;
use std::str::FromStr;

use crate::pubsub::message::MessageId;
use crate::wire::ApiError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pubsub) struct AckId {
    pub(super) message: MessageId,
    pub(super) lease: i64,
}

impl fmt::Display for AckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.message, self.lease)
    }
}

impl FromStr for AckId {
    type Err = ApiError;

    fn from_str(text: &str) -> Result<Self, ApiError> {
        let parse = || {
            let (message, lease) = text.split_once('-')?;
            Some(Self {
                message: message.parse().ok()?,
                lease: lease.parse().ok()?,
            })
        };
        parse().ok_or_else(|| ApiError::invalid(format!("Invalid acknowledgement id {text:?}.")))
    }
}
