//! Folders for sources and outputs while they are worked on: private, and gone afterwards.
//!
//! ```text
//! <temp>/avvivo-reels-<user>/          ours alone (0700)
//!     sweep.lock                       held while folders are made and swept
//!     run-XXXXXX/                      one a process
//!         alive.lock                   held for as long as the process lives
//!         job-XXXXXX/                  one an attempt
//! ```
//!
//! Where ffmpeg runs as another user than we (the guest), its group may pass through all of them, but not look around.
//!
//! The kernel drops a process's locks however it ends, so a folder whose lock can be taken belongs to nobody.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
};

use tempfile::{Builder, TempDir};

const ALIVE: &str = "alive.lock";
const SWEEP: &str = "sweep.lock";
const RUN_PREFIX: &str = "run-";
/// Only we may look in: sources are private until they are published.
const PRIVATE: u32 = 0o700;
/// The same, and the group may pass through.
const PASSABLE: u32 = 0o710;

/// The folder of this process.
#[derive(Debug)]
pub(crate) struct Scratch {
    run: TempDir,
    guest: Option<u32>,
    /// Held until the process ends; says that `run` is in use.
    _alive: File,
}

/// Why there is no place to work.
#[derive(Debug, thiserror::Error)]
#[error("{doing} {}", .path.display())]
pub struct ScratchError {
    doing: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl ScratchError {
    fn of(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self {
            doing,
            path,
            source,
        }
    }
}

impl Scratch {
    /// Removes what dead processes left below `temp_dir`, and makes a folder for this one. The group `guest` may pass
    /// through. Blocking.
    pub(crate) fn open(temp_dir: &Path, guest: Option<u32>) -> Result<Self, ScratchError> {
        let user = rustix::process::getuid().as_raw();
        let base = temp_dir.join(format!("avvivo-reels-{user}"));
        own(&base, user).map_err(ScratchError::of("cannot own the folder", &base))?;
        let ajar = |folder: &Path| leave_ajar(folder, guest);
        ajar(&base).map_err(ScratchError::of("cannot open to ffmpeg", &base))?;
        let sweep = base.join(SWEEP);
        // Without it, a process that starts could lose its folder to another's sweep before it holds its lock.
        let sweeping = lock_file(&sweep)
            .and_then(|file| file.lock().map(|()| file))
            .map_err(ScratchError::of("cannot lock", &sweep))?;
        remove_abandoned(&base);
        let run = private_folder(RUN_PREFIX, &base)
            .map_err(ScratchError::of("cannot make a folder in", &base))?;
        ajar(run.path()).map_err(ScratchError::of("cannot open to ffmpeg", run.path()))?;
        let alive = lock_file(&run.path().join(ALIVE))
            .and_then(|file| file.lock().map(|()| file))
            .map_err(ScratchError::of("cannot lock", run.path()))?;
        drop(sweeping);
        Ok(Self {
            run,
            guest,
            _alive: alive,
        })
    }

    /// The folder of this process, in which those of attempts are.
    pub(crate) fn folder(&self) -> &Path {
        self.run.path()
    }

    /// A folder for one attempt; dropping it removes it with everything in it.
    pub(crate) fn job(&self) -> io::Result<TempDir> {
        let job = private_folder("job-", self.run.path())?;
        leave_ajar(job.path(), self.guest)?;
        Ok(job)
    }

    /// Whether files can still be written. Blocking.
    pub(crate) fn check(&self) -> io::Result<()> {
        Builder::new()
            .prefix("check-")
            .tempfile_in(self.run.path())
            .and_then(|file| file.as_file().set_len(1))
    }
}

/// Makes sure that `base` is a folder of this user's that nobody else can look into: its name can be foretold, so
/// somebody else may have made it.
fn own(base: &Path, user: u32) -> io::Result<()> {
    match fs::DirBuilder::new().mode(PRIVATE).create(base) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = fs::symlink_metadata(base)?;
    // Passing through is what an earlier process may have granted to its guest.
    if !found.is_dir() || found.uid() != user || found.mode() & 0o067 != 0 {
        let what = "it is not a private folder of this user";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
    }
    Ok(())
}

/// Lets the group of the guest, if there is one, pass through a folder of ours.
fn leave_ajar(folder: &Path, guest: Option<u32>) -> io::Result<()> {
    if guest.is_some() {
        chown(folder, None, guest)?;
        fs::set_permissions(folder, Permissions::from_mode(PASSABLE))?;
    }
    Ok(())
}

fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
}

fn private_folder(prefix: &str, parent: &Path) -> io::Result<TempDir> {
    Builder::new()
        .prefix(prefix)
        .permissions(Permissions::from_mode(PRIVATE))
        .tempdir_in(parent)
}

/// What cannot be removed stays for the next start; it is no reason not to work.
fn remove_abandoned(base: &Path) {
    let entries = match fs::read_dir(base) {
        Ok(entries) => entries,
        Err(error) => {
            tracing::warn!(%error, folder = %base.display(), "old folders cannot be listed");
            return;
        }
    };
    for entry in entries.flatten() {
        let folder = entry.path();
        let is_run = entry.file_name().to_string_lossy().starts_with(RUN_PREFIX);
        if !is_run || is_in_use(&folder) {
            continue;
        }
        match fs::remove_dir_all(&folder) {
            Ok(()) => {
                tracing::info!(folder = %folder.display(), "removed what a dead process left");
            }
            Err(error) => {
                tracing::warn!(%error, folder = %folder.display(), "an old folder cannot be removed");
            }
        }
    }
}

fn is_in_use(run: &Path) -> bool {
    // A process that died before it made the file is as dead as any.
    let Ok(alive) = OpenOptions::new().write(true).open(run.join(ALIVE)) else {
        return false;
    };
    alive.try_lock().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn base(temp: &TempDir) -> PathBuf {
        let user = rustix::process::getuid().as_raw();
        temp.path().join(format!("avvivo-reels-{user}"))
    }

    #[test]
    fn what_a_dead_process_left_is_swept_and_what_a_living_one_uses_is_not() {
        let temp = TempDir::new().unwrap();
        let living = Scratch::open(temp.path(), None).unwrap();
        let job = living.job().unwrap();
        fs::write(job.path().join("source.mp4"), b"video").unwrap();
        let dead = base(&temp).join("run-dead");
        fs::create_dir_all(dead.join("job-x")).unwrap();
        fs::write(dead.join(ALIVE), b"").unwrap();
        fs::create_dir(base(&temp).join("run-dead-before-its-lock")).unwrap();

        let other = Scratch::open(temp.path(), None).unwrap();
        let left = entries(&base(&temp));
        assert_eq!(left.len(), 3, "two runs and the lock: {left:?}");
        assert!(job.path().join("source.mp4").exists());
        drop((living, other));
    }

    #[test]
    fn folders_are_private_and_go_away() {
        let temp = TempDir::new().unwrap();
        let scratch = Scratch::open(temp.path(), None).unwrap();
        let job = scratch.job().unwrap();
        let mode = fs::metadata(job.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, PRIVATE);
        scratch.check().unwrap();
        drop(job);
        drop(scratch);
        assert_eq!(entries(&base(&temp)), [SWEEP]);
    }

    /// Root changes groups as it likes; anybody else may name a group of its own.
    #[test]
    fn a_guest_may_pass_through_and_nobody_else() {
        let temp = TempDir::new().unwrap();
        let guest = rustix::process::getgid().as_raw();
        for _ in 0..2 {
            let scratch = Scratch::open(temp.path(), Some(guest)).unwrap();
            let job = scratch.job().unwrap();
            for folder in [&base(&temp), scratch.folder(), job.path()] {
                let found = fs::metadata(folder).unwrap();
                assert_eq!((found.mode() & 0o777, found.gid()), (PASSABLE, guest));
            }
        }
    }

    #[test]
    fn a_folder_that_others_may_enter_is_not_used() {
        let temp = TempDir::new().unwrap();
        fs::create_dir(base(&temp)).unwrap();
        fs::set_permissions(base(&temp), Permissions::from_mode(0o777)).unwrap();
        let refused = Scratch::open(temp.path(), None).unwrap_err();
        assert_eq!(refused.source.kind(), io::ErrorKind::PermissionDenied);
    }
}
