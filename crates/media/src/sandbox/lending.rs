//! What the guest may have for a while: it reads a source, and owns the folder of its outputs for as long as it writes.
//!
//! The folder is taken back before anybody looks at what is in it. While it was the guest's, a decoder that was taken
//! over could put links there that lead to files of ours; afterwards nothing in it changes any more.

use std::{
    os::unix::fs::chown,
    path::{Path, PathBuf},
};

use super::Isolation;
use crate::error::MediaError;

/// A folder that is the guest's until this is dropped.
#[derive(Debug)]
pub(crate) struct Lent(Option<PathBuf>);

impl Isolation {
    /// Blocking. Gives a source to the guest: we may be the only one who can read it.
    pub(crate) fn show(self, source: &Path) -> Result<(), MediaError> {
        self.guest().map_or(Ok(()), |guest| {
            chown(source, Some(guest), Some(guest)).map_err(MediaError::files("show the source"))
        })
    }

    /// Blocking. Lends the folder of outputs to the guest.
    pub(crate) fn lend(self, folder: &Path) -> Result<Lent, MediaError> {
        let Some(guest) = self.guest() else {
            return Ok(Lent(None));
        };
        chown(folder, Some(guest), Some(guest))
            .map_err(MediaError::files("lend the output folder"))?;
        Ok(Lent(Some(folder.to_owned())))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(folder) = &self.0 {
            // Whoever could lend it can take it back; if it is gone, there is nothing to take. The group stays: it only
            // lets the guest through.
            let ours = rustix::process::geteuid().as_raw();
            drop(chown(folder, Some(ours), None));
        }
    }
}
