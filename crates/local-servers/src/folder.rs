//! The folder that private servers keep their data in: where it really is, and who owns it now.

use std::{
    env,
    fs::{self, DirBuilder, File, Permissions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use rustix::{fs::statvfs, process::geteuid};
use sha2::{Digest, Sha256};

use crate::{error::ServerError, run_as::RunAs};

/// The file whose lock says that the folder is taken.
const LOCK: &str = "lock";

/// Where data goes when the servers' user cannot reach the folder that was asked for.
const REACHABLE_BY_ALL: &str = "/var/tmp";

/// Memory-backed, so that throw-away servers never wait for a disk.
const MEMORY: &str = "/dev/shm";

/// A cluster with a few dozen test databases needs a third of this; containers often give `/dev/shm` just 64 MiB.
const MEMORY_NEEDED_BYTES: u64 = 1 << 30;

/// A folder of server data that belongs to this process alone. Clones share it.
#[derive(Debug, Clone)]
pub struct DataFolder {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    run_as: RunAs,
    /// Held for as long as the folder is ours; the system releases it when the process ends, however it ends.
    _lock: File,
    remove_when_done: AtomicBool,
}

impl DataFolder {
    /// Opens `wanted` for keeping, making it when it is not there.
    ///
    /// Fails with [`ServerError::InUse`] while another process has it open. The data really is at
    /// [`path`](Self::path), which is elsewhere when the servers' user cannot reach `wanted`.
    pub fn open(wanted: &Path) -> Result<Self, ServerError> {
        let run_as = RunAs::choose()?;
        Self::claim(reachable(wanted, run_as)?, run_as)
    }

    /// A fresh folder, in memory where there is enough, that is removed when its last clone is dropped.
    ///
    /// Folders that killed processes left behind are removed first.
    pub fn throw_away() -> Result<Self, ServerError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let run_as = RunAs::choose()?;
        let nursery = nursery_path();
        make_folder_among_strangers(&nursery, run_as)?;
        // Between making a folder and locking it, nobody may sweep.
        let nursery_lock = open_lock(&nursery)?;
        nursery_lock
            .lock()
            .map_err(ServerError::file("lock", &nursery))?;
        sweep(&nursery);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = Self::claim(
            nursery.join(format!("{}-{number}", std::process::id())),
            run_as,
        )?;
        folder.remove_when_done();
        Ok(folder)
    }

    /// Where the data is.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Has the folder removed when the last clone (each server holds one) is dropped.
    pub fn remove_when_done(&self) {
        self.inner.remove_when_done.store(true, Ordering::Relaxed);
    }

    pub(crate) fn run_as(&self) -> RunAs {
        self.inner.run_as
    }

    fn claim(path: PathBuf, run_as: RunAs) -> Result<Self, ServerError> {
        make_folder(&path, run_as)?;
        let lock = open_lock(&path)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ServerError::InUse { folder: path }),
            Err(TryLockError::Error(error)) => return Err(ServerError::file("lock", &path)(error)),
        }
        let inner = Inner {
            path,
            run_as,
            _lock: lock,
            remove_when_done: AtomicBool::new(false),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.remove_when_done.load(Ordering::Relaxed) {
            // What cannot be removed now is swept by the next throw-away folder, or was somebody's wish to keep.
            drop(fs::remove_dir_all(&self.path));
        }
    }
}

/// `wanted` itself, or a stand-in below a folder that every user can reach.
fn reachable(wanted: &Path, run_as: RunAs) -> Result<PathBuf, ServerError> {
    make_folder(wanted, run_as)?;
    let wanted = wanted
        .canonicalize()
        .map_err(ServerError::file("find", wanted))?;
    if run_as.can_reach(&wanted) {
        return Ok(wanted);
    }
    let digest = Sha256::digest(wanted.as_os_str().as_encoded_bytes());
    let short = hex::encode(digest.get(..8).unwrap_or_default());
    let stand_in = Path::new(REACHABLE_BY_ALL).join(format!("avvivo-{short}"));
    make_folder_among_strangers(&stand_in, run_as)?;
    Ok(stand_in)
}

/// Makes the folder when it is missing, and lets the servers' user pass through.
fn make_folder(path: &Path, run_as: RunAs) -> Result<(), ServerError> {
    let created = DirBuilder::new().recursive(true).mode(0o755).create(path);
    created.map_err(ServerError::file("make", path))?;
    if !run_as.drops_privileges() {
        return Ok(());
    }
    // A strict umask would otherwise shut our own folder to our own server.
    let mode = fs::metadata(path)
        .map_err(ServerError::file("look at", path))?
        .mode();
    fs::set_permissions(path, Permissions::from_mode(mode | 0o011))
        .map_err(ServerError::file("open up", path))
}

/// The same in a place where everybody may write: a folder or link that somebody else put there is refused.
fn make_folder_among_strangers(path: &Path, run_as: RunAs) -> Result<(), ServerError> {
    match DirBuilder::new().mode(0o755).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(ServerError::file("make", path)(error));
        }
        _ => {}
    }
    let meta = fs::symlink_metadata(path).map_err(ServerError::file("look at", path))?;
    if !meta.is_dir() || meta.uid() != geteuid().as_raw() {
        return Err(ServerError::NotOurs {
            folder: path.to_owned(),
        });
    }
    make_folder(path, run_as)
}

fn open_lock(folder: &Path) -> Result<File, ServerError> {
    let path = folder.join(LOCK);
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(ServerError::file("open", &path))
}

/// Where this user's throw-away folders are.
fn nursery_path() -> PathBuf {
    let name = format!("avvivo-{}", geteuid().as_raw());
    let has_room = statvfs(MEMORY)
        .is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) >= MEMORY_NEEDED_BYTES);
    if has_room {
        Path::new(MEMORY).join(name)
    } else {
        env::temp_dir().join(name)
    }
}

/// Removes the throw-away folders whose process is gone, which shows in their locks being free.
fn sweep(nursery: &Path) {
    for entry in fs::read_dir(nursery).into_iter().flatten().flatten() {
        let folder = entry.path();
        // Without a lock file there is nothing of ours; and the removed folder's lock ends with `lock`.
        let Ok(lock) = File::open(folder.join(LOCK)) else {
            continue;
        };
        if lock.try_lock().is_ok() {
            drop(fs::remove_dir_all(&folder));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let wanted = parent.path().join("kept");
        let first = DataFolder::open(&wanted).unwrap();
        assert!(matches!(
            DataFolder::open(&wanted),
            Err(ServerError::InUse { .. })
        ));
        drop(first);
        DataFolder::open(&wanted).unwrap();
    }

    #[test]
    fn a_folder_that_the_servers_cannot_reach_gets_a_stand_in() {
        let parent = tempfile::tempdir().unwrap();
        let wanted = parent.path().join("kept");
        fs::set_permissions(parent.path(), Permissions::from_mode(0o700)).unwrap();
        let stand_in = reachable(&wanted, RunAs::stranger()).unwrap();
        assert!(stand_in.starts_with(REACHABLE_BY_ALL));
        assert_eq!(reachable(&wanted, RunAs::stranger()).unwrap(), stand_in);
        fs::remove_dir(&stand_in).unwrap();
        fs::set_permissions(parent.path(), Permissions::from_mode(0o711)).unwrap();
        assert_eq!(
            reachable(&wanted, RunAs::stranger()).unwrap(),
            wanted.canonicalize().unwrap()
        );
    }

    #[test]
    fn a_throw_away_folder_goes_with_its_last_clone() {
        let folder = DataFolder::throw_away().unwrap();
        let path = folder.path().to_owned();
        let clone = folder.clone();
        drop(folder);
        assert!(path.exists());
        drop(clone);
        assert!(!path.exists());
    }

    #[test]
    fn folders_of_dead_processes_are_swept_and_living_ones_are_not() {
        let living = DataFolder::throw_away().unwrap();
        let dead = nursery_path().join(format!("dead-of-{}", std::process::id()));
        fs::create_dir(&dead).unwrap();
        drop(open_lock(&dead).unwrap());
        let _another = DataFolder::throw_away().unwrap();
        assert!(!dead.exists());
        assert!(living.path().exists());
    }
}
