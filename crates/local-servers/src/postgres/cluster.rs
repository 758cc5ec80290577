//! A cluster on disk: making it, who may enter, and what a crash left in it.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use super::{Durability, POLL, ROLE, readiness::pid_in};
use crate::{
    error::{ServerError, log_tail},
    folder::DataFolder,
    guarded::{Guarded, Launch, StopSignal},
    log::open_log,
    programs::{MissingPackages, Program, postgres_bin},
    run_as::RunAs,
    secret::password_in,
};

/// `initdb` takes a second; a hundred are for a machine that is busy compiling.
const INIT_LIMIT: Duration = Duration::from_secs(100);

/// A cluster on disk and what is needed to run it.
pub(super) struct Cluster {
    pub(super) path: PathBuf,
    pub(super) bin: PathBuf,
    pub(super) log: PathBuf,
    pub(super) password: String,
    password_file: PathBuf,
    access_rules: PathBuf,
    pub(super) run_as: RunAs,
}

impl Cluster {
    pub(super) fn in_folder(folder: &DataFolder) -> Result<Self, ServerError> {
        let path = folder.path().join("postgres");
        let bin = match version_of(&path)? {
            None => Program::Postgres.locate()?.parent().map(Path::to_owned),
            Some(version) => {
                Some(
                    postgres_bin(Some(&version)).ok_or_else(|| ServerError::OtherVersion {
                        folder: path.clone(),
                        version,
                    })?,
                )
            }
        };
        let password_file = folder.path().join("postgres.password");
        Ok(Self {
            path,
            bin: bin.ok_or_else(|| MissingPackages::of(Program::Postgres))?,
            log: folder.path().join("postgres.log"),
            password: password_in(&password_file)?,
            password_file,
            access_rules: folder.path().join("postgres.access"),
            run_as: folder.run_as(),
        })
    }

    /// Makes the cluster in a staging folder and puts it in place when it is whole.
    pub(super) fn ensure(&self) -> Result<(), ServerError> {
        if self.path.join("PG_VERSION").exists() {
            return Ok(());
        }
        let staging = self.path.with_extension("staging");
        if staging.exists() {
            fs::remove_dir_all(&staging).map_err(ServerError::file("remove", &staging))?;
        }
        fs::create_dir(&staging).map_err(ServerError::file("make", &staging))?;
        fs::set_permissions(&staging, Permissions::from_mode(0o700))
            .map_err(ServerError::file("close off", &staging))?;
        self.run_as.own(&staging)?;
        // `initdb` reads the password as the servers' user. Root can read it all the same.
        self.run_as.own(&self.password_file)?;
        self.run_initdb(&staging)?;
        fs::rename(&staging, &self.path).map_err(ServerError::file("put in place", &staging))
    }

    fn run_initdb(&self, target: &Path) -> Result<(), ServerError> {
        let log = self.log.with_extension("initdb.log");
        let mut init = Guarded::spawn(Launch {
            name: "initdb",
            program: self.bin.join("initdb"),
            args: initdb_args(target, &self.password_file),
            environment: BTreeMap::new(),
            run_as: self.run_as,
            log: open_log(&log)?,
            stop_signal: StopSignal::Interrupt,
        })?;
        match init.wait(INIT_LIMIT)? {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(ServerError::Exited {
                server: "initdb",
                status,
                log_tail: log_tail(&log),
            }),
            None => Err(ServerError::NotReady {
                server: "initdb",
                limit: INIT_LIMIT,
                log_tail: log_tail(&log),
            }),
        }
    }

    /// Says who may connect: whoever knows the password, from this machine.
    pub(super) fn write_access_rules(&self, durability: Durability) -> Result<(), ServerError> {
        let method = match durability {
            Durability::Durable => "scram-sha-256",
            // The password never leaves the machine, and thousands of short connections from unoptimised tests would
            // each pay for SCRAM's thousands of hashes.
            Durability::ThrowAway => "password",
        };
        fs::write(
            &self.access_rules,
            format!("host all all 127.0.0.1/32 {method}\n"),
        )
        .map_err(ServerError::file("write", &self.access_rules))?;
        self.run_as.own(&self.access_rules)
    }

    pub(super) fn server_args(&self, durability: Durability, port: u16) -> Vec<OsString> {
        let mut rules = OsString::from("hba_file=");
        rules.push(&self.access_rules);
        let settings = settings(durability, port)
            .into_iter()
            .map(OsString::from)
            .chain([rules]);
        let mut args: Vec<OsString> = vec!["-D".into(), self.path.clone().into()];
        args.extend(settings.flat_map(|setting| ["-c".into(), setting]));
        args
    }

    /// Deals with the pid file of a server that was killed, or is still on its way out.
    ///
    /// PostgreSQL refuses to start when the number in that file belongs to any living process of the same user, which
    /// by then may be somebody else's; and while a backend of the killed server has not finished what it was at.
    pub(super) fn clear_stale_pid_file(&self, limit: Duration) -> Result<(), ServerError> {
        let deadline = Instant::now() + limit;
        let path = self.pid_file();
        while pid_in(&path).is_some() {
            if !self.is_worked_in() {
                return match fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        Err(ServerError::file("remove", &path)(error))
                    }
                    _ => Ok(()),
                };
            }
            if Instant::now() > deadline {
                return Err(ServerError::InUse {
                    folder: self.path.clone(),
                });
            }
            // It got its stop signal when its parent died. There is nothing to listen to but the clock.
            thread::park_timeout(POLL);
        }
        Ok(())
    }

    /// Whether a server, or what is left of one, is at work here: all its processes have the cluster's folder as theirs.
    fn is_worked_in(&self) -> bool {
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let mut folders =
            processes.filter_map(|process| fs::read_link(process.path().join("cwd")).ok());
        fs::canonicalize(&self.path).is_ok_and(|here| folders.any(|folder| folder == here))
    }

    pub(super) fn pid_file(&self) -> PathBuf {
        self.path.join("postmaster.pid")
    }
}

/// The major version of the cluster at `path`, if there is one.
fn version_of(path: &Path) -> Result<Option<String>, ServerError> {
    let file = path.join("PG_VERSION");
    match fs::read_to_string(&file) {
        Ok(version) => Ok(Some(version.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ServerError::file("read", &file)(error)),
    }
}

fn initdb_args(target: &Path, password_file: &Path) -> Vec<OsString> {
    let mut args: Vec<OsString> = vec![
        "-D".into(),
        target.into(),
        "--pwfile".into(),
        password_file.into(),
    ];
    args.extend(
        [
            "-U",
            ROLE,
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--auth=scram-sha-256",
        ]
        .map(OsString::from),
    );
    args
}

fn settings(durability: Durability, port: u16) -> Vec<String> {
    let mut settings = vec![
        "listen_addresses=127.0.0.1".to_owned(),
        "unix_socket_directories=".to_owned(),
        format!("port={port}"),
        // Each test and each service brings its own small pool.
        "max_connections=200".to_owned(),
        "timezone=UTC".to_owned(),
    ];
    if durability == Durability::ThrowAway {
        let fast = [
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "autovacuum=off",
        ];
        settings.extend(fast.map(str::to_owned));
        // What a killed server leaves goes with the folder, rather than staying in /dev/shm.
        settings.push("dynamic_shared_memory_type=mmap".to_owned());
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_throw_away_servers_skip_the_disk() {
        let text = |durability| settings(durability, 1).join(" ");
        assert!(text(Durability::ThrowAway).contains("fsync=off"));
        assert!(!text(Durability::Durable).contains("fsync"));
    }
}
