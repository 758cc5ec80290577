//! Why Redis did not answer.

use avvivo_kernel::{ErrorKind, Fault};

/// What can go wrong with a command.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// The address cannot be used. The address itself is not shown: it may hold a password.
    #[error("the Redis address is not valid")]
    Address(#[source] redis::RedisError),
    /// The circuit is open: Redis failed a moment ago and has not recovered.
    #[error("Redis is away")]
    Away,
    /// No answer within the command's deadline.
    #[error("Redis did not answer in time")]
    Timeout,
    /// Redis, or the way to it, failed.
    #[error("Redis failed")]
    Failed(#[from] redis::RedisError),
}

impl Fault for RedisError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Address(_) => ErrorKind::Internal,
            Self::Away | Self::Failed(_) => ErrorKind::Unavailable,
            Self::Timeout => ErrorKind::Timeout,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Address(_) => "redis.address",
            Self::Away => "redis.away",
            Self::Timeout => "redis.timeout",
            Self::Failed(_) => "redis.failed",
        }
    }

    fn public_message(&self) -> String {
        "El servicio está ocupado. Intentá de nuevo en unos segundos.".to_owned()
    }
}

/// Whether the error says "this server cannot serve anybody now", as opposed to "not this command".
pub(crate) fn is_outage(error: &redis::RedisError) -> bool {
    use redis::{ErrorKind as Kind, ServerErrorKind as Server};
    match error.kind() {
        Kind::Io | Kind::AuthenticationFailed | Kind::Parse => true,
        Kind::Server(kind) => matches!(
            kind,
            Server::BusyLoading
                | Server::TryAgain
                | Server::ClusterDown
                | Server::MasterDown
                | Server::ReadOnly
        ),
        _ => error.is_connection_dropped() || error.is_connection_refusal(),
    }
}
