//! The data folder: whose it is, and which process runs its platform.

mod hold;

use std::{
    fs::{self, Permissions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;

pub(crate) use hold::Hold;

/// Marks a folder as ours, so that `--reset` never deletes anybody else's.
const MARK: &str = "avvivo-data";

/// A data folder.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    folder: PathBuf,
}

impl Place {
    /// The folder at `path`, made when it is not there. One with somebody else's files in it is refused.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let place = Self::at(path)?;
        fs::create_dir_all(&place.folder)
            .with_context(|| format!("cannot make {}", place.folder.display()))?;
        let mut files = fs::read_dir(&place.folder)
            .with_context(|| format!("cannot look into {}", place.folder.display()))?;
        // The mark is the first file of a folder of ours, so whoever sees any file sees it too.
        anyhow::ensure!(
            files.next().is_none() || place.file(MARK).exists(),
            "{} was not made by avvivo and has files in it, which a reset would delete. \
             Name an empty folder, or one that is not there yet, with --data.",
            place.folder.display()
        );
        fs::write(
            place.file(MARK),
            "Data of avvivo. Delete it with `scripts/dev --reset`.\n",
        )?;
        Ok(place)
    }

    /// The folder at `path`, whether or not it is there.
    pub(crate) fn at(path: &Path) -> anyhow::Result<Self> {
        let folder = std::path::absolute(path)?;
        Ok(Self { folder })
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file that only this user can read, and answers where it is.
    pub(crate) fn write_private(&self, name: &str, content: &str) -> anyhow::Result<PathBuf> {
        let path = self.file(name);
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)?;
        // One that was there already keeps the mode it was made with.
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(content.as_bytes())?;
        Ok(path)
    }

    /// Writes a file that others find whole or not at all.
    pub(crate) fn write_whole(&self, name: &str, content: &str) -> anyhow::Result<()> {
        let half = self.file(&format!("{name}.part"));
        fs::write(&half, content)?;
        Ok(fs::rename(half, self.file(name))?)
    }

    /// Deletes a file that may not be there.
    pub(crate) fn remove_file(&self, name: &str) -> anyhow::Result<()> {
        let path = self.file(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot delete {}", path.display()))
            }
            _ => Ok(()),
        }
    }

    /// Whether it is there; an error when it is, and is not ours.
    pub(crate) fn is_there(&self) -> anyhow::Result<bool> {
        let there = self.folder.exists();
        anyhow::ensure!(
            !there || self.file(MARK).exists(),
            "{} was not made by avvivo, so it stays. Delete it yourself if you are sure.",
            self.folder.display()
        );
        Ok(there)
    }

    /// Deletes it, if it is ours. Whoever deletes it holds it, so nobody starts meanwhile.
    pub(crate) fn remove(&self, _hold: &Hold) -> anyhow::Result<()> {
        if !self.is_there()? {
            return Ok(());
        }
        fs::remove_dir_all(&self.folder)
            .with_context(|| format!("cannot delete {}", self.folder.display()))
    }
}
