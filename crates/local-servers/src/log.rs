//! Log files of the servers.

use std::{fs::File, os::unix::fs::OpenOptionsExt, path::Path};

use crate::error::ServerError;

/// A log larger than this starts over with the next start of its server.
///
/// Private servers log little: this is months of use, and still quick to read.
const MAX_BYTES: u64 = 16 << 20;

/// Opens a log for appending.
pub(crate) fn open_log(path: &Path) -> Result<File, ServerError> {
    let open = || {
        let log = File::options()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)?;
        if log.metadata()?.len() > MAX_BYTES {
            log.set_len(0)?;
        }
        Ok(log)
    };
    open().map_err(ServerError::file("open", path))
}
