//! Which user a server runs as.

use std::{
    fs,
    os::unix::fs::{MetadataExt, chown},
    path::Path,
};

use rustix::process::{getegid, geteuid};

use crate::error::ServerError;

/// The user and group of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RunAs {
    uid: u32,
    gid: u32,
    /// Set when we are root and the server is not.
    drops_privileges: bool,
}

impl RunAs {
    /// Ourselves.
    pub(crate) fn ourselves() -> Self {
        Self {
            uid: geteuid().as_raw(),
            gid: getegid().as_raw(),
            drops_privileges: false,
        }
    }

    /// Ourselves; or, since PostgreSQL refuses to run as root, the user that its package made, or `nobody`.
    pub(crate) fn choose() -> Result<Self, ServerError> {
        if !geteuid().is_root() {
            return Ok(Self::ourselves());
        }
        let passwd = Path::new("/etc/passwd");
        let users = fs::read_to_string(passwd).map_err(ServerError::file("read", passwd))?;
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| ids_of(&users, name))
            .map(|(uid, gid)| Self {
                uid,
                gid,
                drops_privileges: true,
            })
            .ok_or(ServerError::NoUser)
    }

    /// The arguments that make `setpriv` become this user.
    pub(crate) fn setpriv_args(self) -> Vec<String> {
        if self.drops_privileges {
            vec![
                format!("--reuid={}", self.uid),
                format!("--regid={}", self.gid),
                "--clear-groups".to_owned(),
            ]
        } else {
            Vec::new()
        }
    }

    /// Hands a file or folder to this user.
    pub(crate) fn own(self, path: &Path) -> Result<(), ServerError> {
        if !self.drops_privileges {
            return Ok(());
        }
        chown(path, Some(self.uid), Some(self.gid)).map_err(ServerError::file("hand over", path))
    }

    pub(crate) fn drops_privileges(self) -> bool {
        self.drops_privileges
    }

    /// Whether this user may pass through `path` and every folder above it.
    pub(crate) fn can_reach(self, path: &Path) -> bool {
        path.ancestors()
            .all(|folder| fs::metadata(folder).is_ok_and(|meta| self.may_enter(&meta)))
    }

    fn may_enter(self, folder: &fs::Metadata) -> bool {
        let bit = if folder.uid() == self.uid {
            0o100
        } else if folder.gid() == self.gid {
            0o010
        } else {
            0o001
        };
        folder.mode() & bit != 0
    }
}

fn ids_of(passwd: &str, name: &str) -> Option<(u32, u32)> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let mut numbers = fields.skip(1).map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    })
}

#[cfg(test)]
impl RunAs {
    /// A user who owns nothing here.
    pub(crate) fn stranger() -> Self {
        Self {
            uid: 54_321,
            gid: 54_321,
            drops_privileges: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_user_is_found_by_whole_name() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\npostgresql:x:7:7::/:\npostgres:x:101:104:PG:/var/lib:/bin/sh\n";
        assert_eq!(ids_of(passwd, "postgres"), Some((101, 104)));
        assert_eq!(ids_of(passwd, "nobody"), None);
    }

    #[test]
    fn a_private_parent_cannot_be_passed_by_a_stranger() {
        let parent = tempfile::tempdir().unwrap();
        let child = parent.path().join("child");
        fs::create_dir(&child).unwrap();
        fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let stranger = RunAs {
            uid: 54_321,
            gid: 54_321,
            drops_privileges: true,
        };
        assert!(!stranger.can_reach(&child));
        fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o711)).unwrap();
        fs::set_permissions(&child, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(stranger.can_reach(&child));
    }
}
