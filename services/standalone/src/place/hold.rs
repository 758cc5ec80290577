//! Which process runs the platform of a folder: the one that holds the lock of a file in it.
//!
//! The kernel releases the lock with the process and tells others who holds it, so there is no number that could be
//! stale, or somebody else's by now. Two properties of such locks matter here: they are a process', not a thread's, and
//! a process loses its lock when it closes the file, however often it has opened it. So the holder never asks who the
//! holder is.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

use anyhow::Context as _;
use rustix::{
    fs::{FlockOperation, fcntl_lock},
    io::Errno,
    process::{Flock, FlockType, Pid, fcntl_getlk},
};

use super::Place;

/// The file. It stays when nobody runs; what is in it is for people.
const FILE: &str = "running.lock";

/// Held by the one process that runs the platform of a folder, or is about to delete it.
#[derive(Debug)]
pub(crate) struct Hold {
    _file: File,
}

impl Place {
    /// Takes the folder for this process, until the hold is dropped.
    pub(crate) fn hold(&self) -> anyhow::Result<Hold> {
        let path = self.file(FILE);
        loop {
            let mut file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .mode(0o644)
                .open(&path)
                .with_context(|| format!("cannot open {}", path.display()))?;
            match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::AGAIN | Errno::ACCESS) => {
                    let by = holder_of(&file)?.map_or_else(String::new, |pid| {
                        format!(", as process {}", pid.as_raw_nonzero())
                    });
                    anyhow::bail!(
                        "it runs already{by}. Stop it with: scripts/dev --stop --data {}",
                        self.folder().display()
                    );
                }
                Err(error) => return Err(error).context("cannot lock the data folder"),
            }
            // A reset may have deleted the file between our opening and our locking it.
            if is_at(&file, &path)? {
                file.set_len(0)?;
                writeln!(file, "{}", std::process::id())?;
                return Ok(Hold { _file: file });
            }
        }
    }

    /// The process that holds the folder. Not for the holder itself, who would lose it by asking.
    pub(crate) fn holder(&self) -> anyhow::Result<Option<Pid>> {
        match File::open(self.file(FILE)) {
            Ok(file) => holder_of(&file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).context("cannot look who holds the data folder"),
        }
    }
}

fn holder_of(file: &File) -> anyhow::Result<Option<Pid>> {
    let Some(lock) = fcntl_getlk(file, &Flock::from(FlockType::WriteLock))? else {
        return Ok(None);
    };
    let pid = lock
        .pid
        .context("a process that cannot be seen from here holds the data folder")?;
    Ok(Some(pid))
}

/// Whether the open file is still the one that the path names.
fn is_at(file: &File, path: &Path) -> anyhow::Result<bool> {
    let open = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (open.dev(), open.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}
