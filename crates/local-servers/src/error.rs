//! What can go wrong around a private server, said so that a person knows what to do next.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use crate::programs::MissingPackages;

/// Why a private server could not be started or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// A program is not installed.
    #[error(transparent)]
    Missing(#[from] MissingPackages),
    /// The data was made by another major version of PostgreSQL than those installed.
    #[error(
        "{folder} was made by PostgreSQL {version}; install postgresql-{version}, or remove the folder"
    )]
    OtherVersion {
        /// The cluster's folder.
        folder: PathBuf,
        /// The major version that made it.
        version: String,
    },
    /// Root has no user to drop to.
    #[error("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")]
    NoUser,
    /// Another process owns the folder.
    #[error("{folder} is in use by another process")]
    InUse {
        /// The folder that is taken.
        folder: PathBuf,
    },
    /// A folder where we would put data belongs to somebody else.
    #[error("{folder} belongs to another user")]
    NotOurs {
        /// The foreign folder.
        folder: PathBuf,
    },
    /// A file or folder could not be worked with.
    #[error("cannot {action} {path}")]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// What it was tried on.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A child could not be spawned, waited for or signalled.
    #[error("cannot {action} {server}")]
    Child {
        /// What was tried, as a verb.
        action: &'static str,
        /// Which program.
        server: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// No loopback port could be had.
    #[error("no free port on 127.0.0.1")]
    NoPort(#[source] io::Error),
    /// The server ended before it answered.
    #[error("{server} ended early ({status}); the end of its log:\n{log_tail}")]
    Exited {
        /// Which program.
        server: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// The last lines it wrote.
        log_tail: String,
    },
    /// The server did not answer in time.
    #[error("{server} did not answer within {limit:?}; the end of its log:\n{log_tail}")]
    NotReady {
        /// Which program.
        server: &'static str,
        /// How long we waited.
        limit: Duration,
        /// The last lines it wrote.
        log_tail: String,
    },
}

impl ServerError {
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File {
            action,
            path,
            source,
        }
    }

    pub(crate) fn child(
        action: &'static str,
        server: &'static str,
    ) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Child {
            action,
            server,
            source,
        }
    }

    /// Whether the server gave up because somebody else got its port first.
    pub(crate) fn is_port_taken(&self) -> bool {
        matches!(self, Self::Exited { log_tail, .. } if log_tail.contains("Address already in use"))
    }
}

/// The last lines of a log, which is where a server says why it gave up.
pub(crate) fn log_tail(path: &Path) -> String {
    const LINES: usize = 20;
    let text = fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let text = text.unwrap_or_else(|error| format!("({} cannot be read: {error})", path.display()));
    let lines: Vec<&str> = text.lines().collect();
    lines
        .get(lines.len().saturating_sub(LINES)..)
        .unwrap_or_default()
        .join("\n")
}
