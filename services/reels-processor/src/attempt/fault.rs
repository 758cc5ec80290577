//! Why an attempt failed, and what that means: another try, or the end.

use std::{error::Error, io, time::Duration};

use avvivo_app::AppError;
use avvivo_domain::reels::{RenderFailure, render::FaultClass};
use avvivo_kernel::{ErrorKind, Fault};
use avvivo_media::MediaError;
use avvivo_ports::StoreError;

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RenderFault {
    /// The media cannot be rendered.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// A file could not be fetched or stored.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database refused a step.
    #[error(transparent)]
    App(#[from] AppError),
    /// A download took too long.
    #[error("the download was not done within {}s", .limit.as_secs())]
    SlowDownload {
        /// How long it may take.
        limit: Duration,
    },
    /// The whole attempt took too long.
    #[error("the attempt was not done within {}s", .limit.as_secs())]
    Overdue {
        /// How long it may take.
        limit: Duration,
    },
    /// The reel has no file to be made from.
    #[error("the reel has no source")]
    NoSource,
    /// Our own disk.
    #[error("no folder to work in")]
    Scratch(#[source] io::Error),
    /// Told to stop.
    #[error("cancelled")]
    Cancelled,
}

impl RenderFault {
    /// Whether the same rendering, tried again, may end differently.
    pub(crate) fn class(&self) -> FaultClass {
        if self.kind().is_transient() {
            FaultClass::Transient
        } else {
            FaultClass::Permanent
        }
    }

    /// What the shop reads.
    pub(crate) fn failure(&self) -> RenderFailure {
        RenderFailure {
            code: self.code().to_owned(),
            message: self.public_message(),
        }
    }

    /// What ffmpeg said, for the log.
    pub(crate) fn tool_log(&self) -> Option<&str> {
        match self {
            Self::Media(error) => error.log(),
            _ => None,
        }
    }

    /// The whole chain in one line, for the log.
    pub(crate) fn chain(&self) -> String {
        chain(self)
    }

    fn inner(&self) -> Option<&dyn Fault> {
        match self {
            Self::Media(error) => Some(error),
            Self::Store(error) => Some(error),
            Self::App(error) => Some(error),
            _ => None,
        }
    }
}

/// `error` and what led to it, in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        next = cause.source();
    }
    line
}

impl Fault for RenderFault {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::SlowDownload { .. } | Self::Overdue { .. } => ErrorKind::Timeout,
            Self::NoSource => ErrorKind::Invalid,
            Self::Scratch(_) | Self::Cancelled => ErrorKind::Unavailable,
            Self::Media(_) | Self::Store(_) | Self::App(_) => {
                self.inner().map_or(ErrorKind::Internal, Fault::kind)
            }
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::SlowDownload { .. } => "render.slow_download",
            Self::Overdue { .. } => "render.timed_out",
            Self::NoSource => "render.no_source",
            Self::Scratch(_) => "render.disk",
            Self::Cancelled => "render.cancelled",
            Self::Media(_) | Self::Store(_) | Self::App(_) => {
                self.inner().map_or("render.failed", Fault::code)
            }
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::NoSource => "Esta historia no tiene ningún archivo. Creala de nuevo.".to_owned(),
            _ => self.inner().map_or_else(
                || {
                    "No pudimos procesar tu historia en este momento. La vamos a reintentar."
                        .to_owned()
                },
                Fault::public_message,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use avvivo_ports::ObjectPath;

    use super::*;

    #[test]
    fn faults_of_the_file_end_the_reel_and_faults_of_the_moment_do_not() {
        let path = || ObjectPath::new("shops/x/1-0-a.mp4");
        let permanent: [RenderFault; 4] = [
            MediaError::NotAVideo.into(),
            StoreError::Missing { path: path() }.into(),
            StoreError::TooLarge {
                path: path(),
                max_bytes: 1,
            }
            .into(),
            RenderFault::NoSource,
        ];
        for fault in permanent {
            assert_eq!(fault.class(), FaultClass::Permanent, "{fault}");
        }
        let away = || StoreError::Unavailable {
            reason: "503".to_owned(),
        };
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let transient: [RenderFault; 6] = [
            MediaError::DiskFull.into(),
            away().into(),
            StoreError::Local(full()).into(),
            RenderFault::Scratch(full()),
            RenderFault::SlowDownload {
                limit: Duration::from_mins(3),
            },
            RenderFault::Overdue {
                limit: Duration::from_mins(3),
            },
        ];
        for fault in transient {
            assert_eq!(fault.class(), FaultClass::Transient, "{fault}");
        }
    }

    #[test]
    fn shops_never_read_what_a_tool_or_a_server_said() {
        let log = "/tmp/avvivo-reels-0/run-x/job-y/source.mp4: Invalid data".to_owned();
        let fault = RenderFault::from(MediaError::Damaged { log });
        assert!(!fault.failure().message.contains("/tmp"));
        assert!(fault.tool_log().is_some_and(|log| log.contains("/tmp")));
        let fault = RenderFault::from(StoreError::Unavailable {
            reason: "10.0.0.7 refused".to_owned(),
        });
        assert!(!fault.failure().message.contains("10.0.0.7"));
        assert_eq!(fault.failure().code, "storage.unavailable");
    }
}
