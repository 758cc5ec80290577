//! What can go wrong with media, told apart by what helps: another file, or another try.

use std::{io, time::Duration};

use avvivo_kernel::{ErrorKind, Fault};

/// Why a probe or a render gave no result.
///
/// Faults of the file are permanent: the same bytes fail again. Faults of the moment (time, a kill, a full disk) are
/// transient. [`Fault::kind`] tells which; [`MediaError::log`] has the tool's own words, for logs only.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MediaError {
    /// The bytes are no MP4 or `QuickTime` file, or hold no picture.
    #[error("not an MP4 or QuickTime video")]
    NotAVideo,
    /// The bytes are no PNG, JPEG or WebP.
    #[error("not a PNG, JPEG or WebP image")]
    NotAnImage,
    /// The file ends before its content does.
    #[error("the file is empty or cut short")]
    Truncated,
    /// The content cannot be decoded.
    #[error("the content cannot be decoded")]
    Damaged {
        /// The last lines of the tool.
        log: String,
    },
    /// The video does not say how long it is.
    #[error("the video has no duration")]
    NoDuration,
    /// The video lasts longer than allowed.
    #[error("the video lasts {}s, allowed are {}s", .actual.as_secs_f64(), .limit.as_secs())]
    TooLong {
        /// How long it lasts.
        actual: Duration,
        /// How long it may last.
        limit: Duration,
    },
    /// The file is larger than allowed.
    #[error("the file has {actual} bytes, allowed are {limit}")]
    TooLarge {
        /// Its size.
        actual: u64,
        /// The largest size allowed.
        limit: u64,
    },
    /// The picture is larger than allowed.
    #[error("the picture is {width}x{height}")]
    TooManyPixels {
        /// Its width.
        width: u64,
        /// Its height.
        height: u64,
    },
    /// More streams than any camera writes.
    #[error("too many streams")]
    TooManyStreams,
    /// A codec or variant outside the allow-list.
    #[error("unsupported: {what}")]
    Unsupported {
        /// The codec or variant.
        what: String,
    },
    /// The file needs more memory, CPU time or disk than one file may use.
    #[error("the file exceeds the {resource} of one render")]
    TooHeavy {
        /// Which bound it hit.
        resource: &'static str,
        /// The last lines of the tool.
        log: String,
    },
    /// The deadline passed first. That depends on the machine as much as on the file.
    #[error("not done within {}s", .limit.as_secs())]
    TimedOut {
        /// The deadline.
        limit: Duration,
    },
    /// The caller withdrew the work.
    #[error("cancelled")]
    Cancelled,
    /// Something outside ended the process, such as a machine out of memory.
    #[error("the process was killed")]
    Killed {
        /// The last lines of the tool.
        log: String,
    },
    /// The disk is full.
    #[error("no space left on the disk")]
    DiskFull,
    /// A file of ours could not be read or written.
    #[error("{action}")]
    Files {
        /// What was being done.
        action: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// A program we need does not start or does not behave.
    #[error("{problem}")]
    Tool {
        /// What is wrong with it.
        problem: String,
    },
}

impl MediaError {
    /// What ffmpeg or ffprobe said last. It may name paths: it is never shown to people.
    pub fn log(&self) -> Option<&str> {
        match self {
            Self::Damaged { log } | Self::TooHeavy { log, .. } | Self::Killed { log } => Some(log),
            _ => None,
        }
    }

    /// For `map_err` on file operations: keeps a full disk apart from everything else.
    pub(crate) fn files(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull => Self::DiskFull,
            _ => Self::Files { action, source },
        }
    }
}

impl Fault for MediaError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotAVideo
            | Self::NotAnImage
            | Self::Truncated
            | Self::Damaged { .. }
            | Self::NoDuration
            | Self::TooLong { .. }
            | Self::TooManyStreams
            | Self::Unsupported { .. } => ErrorKind::Invalid,
            Self::TooLarge { .. } | Self::TooManyPixels { .. } | Self::TooHeavy { .. } => {
                ErrorKind::TooLarge
            }
            Self::TimedOut { .. } => ErrorKind::Timeout,
            Self::Cancelled | Self::Killed { .. } | Self::DiskFull => ErrorKind::Unavailable,
            Self::Files { .. } | Self::Tool { .. } => ErrorKind::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotAVideo => "media.not_a_video",
            Self::NotAnImage => "media.not_an_image",
            Self::Truncated => "media.truncated",
            Self::Damaged { .. } => "media.damaged",
            Self::NoDuration => "media.no_duration",
            Self::TooLong { .. } => "media.too_long",
            Self::TooLarge { .. } => "media.too_large",
            Self::TooManyPixels { .. } => "media.too_many_pixels",
            Self::TooManyStreams => "media.too_many_streams",
            Self::Unsupported { .. } => "media.unsupported",
            Self::TooHeavy { .. } => "media.too_heavy",
            Self::TimedOut { .. } => "media.timed_out",
            Self::Cancelled => "media.cancelled",
            Self::Killed { .. } => "media.killed",
            Self::DiskFull => "media.disk_full",
            Self::Files { .. } => "media.files",
            Self::Tool { .. } => "media.tool",
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::NotAVideo => "El archivo no es un video. Subí un MP4 o MOV.".to_owned(),
            Self::NotAnImage => "El archivo no es una foto. Subí un JPG, PNG o WebP.".to_owned(),
            Self::Truncated => "El archivo llegó vacío o incompleto. Volvé a subirlo.".to_owned(),
            Self::Damaged { .. } => {
                "El archivo está dañado y no se puede leer. Exportalo de nuevo y volvé a subirlo."
                    .to_owned()
            }
            Self::NoDuration => {
                "No pudimos saber cuánto dura el video. Exportalo de nuevo y volvé a subirlo."
                    .to_owned()
            }
            Self::TooLong { actual, limit } => format!(
                "El video dura {} segundos y el máximo es {}. Recortalo y volvé a subirlo.",
                in_spanish(*actual),
                limit.as_secs()
            ),
            Self::TooLarge { actual, limit } => format!(
                "El archivo pesa {} MB y el máximo es {} MB. Subí una versión más liviana.",
                actual.div_ceil(1024 * 1024),
                limit / (1024 * 1024)
            ),
            Self::TooManyPixels { width, height } => format!(
                "La imagen es demasiado grande ({width} x {height}). Bajale la resolución y volvé a subirla."
            ),
            Self::TooManyStreams | Self::Unsupported { .. } => {
                "El formato del archivo no es compatible. Subí un video MP4 (H.264, con sonido AAC) o una foto JPG."
                    .to_owned()
            }
            Self::TooHeavy { .. } => {
                "El archivo es demasiado pesado para procesarlo. Bajale la resolución y volvé a subirlo."
                    .to_owned()
            }
            Self::TimedOut { .. }
            | Self::Cancelled
            | Self::Killed { .. }
            | Self::DiskFull
            | Self::Files { .. }
            | Self::Tool { .. } => {
                "No pudimos procesar el archivo en este momento. Lo vamos a reintentar.".to_owned()
            }
        }
    }
}

/// Seconds with one decimal and a comma, rounded up so that the sentence never says "dura 17 y el máximo es 17".
fn in_spanish(duration: Duration) -> String {
    let tenths = duration.as_millis().div_ceil(100);
    format!("{},{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_the_file_are_permanent_and_faults_of_the_moment_are_not() {
        let log = String::new;
        for fault in [
            MediaError::NotAVideo,
            MediaError::Truncated,
            MediaError::Damaged { log: log() },
            MediaError::TooManyPixels {
                width: 1,
                height: 1,
            },
            MediaError::TooHeavy {
                resource: "memory",
                log: log(),
            },
        ] {
            assert!(!fault.kind().is_transient(), "{fault}");
        }
        for fault in [
            MediaError::TimedOut {
                limit: Duration::from_secs(1),
            },
            MediaError::Killed { log: log() },
            MediaError::Cancelled,
            MediaError::DiskFull,
        ] {
            assert!(fault.kind().is_transient(), "{fault}");
        }
    }

    #[test]
    fn people_read_how_long_is_too_long_and_never_the_log() {
        let fault = MediaError::TooLong {
            actual: Duration::from_millis(17_010),
            limit: Duration::from_secs(17),
        };
        assert_eq!(
            fault.public_message(),
            "El video dura 17,1 segundos y el máximo es 17. Recortalo y volvé a subirlo."
        );
        let fault = MediaError::Damaged {
            log: "/tmp/secret: Invalid data".to_owned(),
        };
        assert!(!fault.public_message().contains("secret"));
        assert_eq!(fault.log(), Some("/tmp/secret: Invalid data"));
    }
}
