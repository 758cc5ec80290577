//! What `/system/status` shows about Redis.

/// The state of the connection, in the words the status page has always used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandStatus {
    /// Not configured, or not used yet.
    Idle,
    /// The first command is under way.
    Connecting,
    /// The last command was answered.
    Ready,
    /// The circuit is open; a probe will find out when Redis is back.
    Reconnecting,
    /// Closed by us.
    End,
}

impl CommandStatus {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Ready => "ready",
            Self::Reconnecting => "reconnecting",
            Self::End => "end",
        }
    }
}

/// The Redis part of the status page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisStatus {
    /// Whether there is an address.
    pub configured: bool,
    /// The prefix of all keys; none when it is empty.
    pub key_prefix: Option<String>,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// The state of the connection.
    pub command_status: CommandStatus,
}

impl RedisStatus {
    /// The status of a process that has no Redis.
    pub fn not_configured(key_prefix: &str, tls: bool) -> Self {
        Self {
            configured: false,
            key_prefix: Some(key_prefix.to_owned()).filter(|prefix| !prefix.is_empty()),
            tls,
            command_status: CommandStatus::Idle,
        }
    }
}
