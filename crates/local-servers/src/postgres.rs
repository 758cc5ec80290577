//! A private PostgreSQL server.

use std::{
    ffi::OsString,
    fs::{self, Permissions},
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::{Duration, Instant},
};

use crate::{
    error::{ServerError, log_tail},
    folder::DataFolder,
    guarded::{Guarded, Launch, StopSignal},
    log::open_log,
    port::with_free_port,
    programs::{MissingPackages, Program, postgres_bin},
    run_as::RunAs,
    secret::password_in,
};

const NAME: &str = "PostgreSQL";

/// The one role of a private server; it owns everything.
const ROLE: &str = "avvivo";

/// `initdb` takes a second; ten times ten is for a machine that is busy compiling.
const INIT_LIMIT: Duration = Duration::from_secs(100);

/// A start takes a tenth of a second, but after a crash the log is replayed first.
const READY_LIMIT: Duration = Duration::from_mins(1);

/// A fast shutdown writes one checkpoint.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// Between two looks at a server that is starting.
const POLL: Duration = Duration::from_millis(5);

/// Whether the data is worth waiting for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A commit that was confirmed survives a power cut.
    Durable,
    /// Fast; nothing survives a crash of the machine (a crash of the server alone loses nothing).
    ThrowAway,
}

/// A running PostgreSQL server that stops when this is dropped and dies when we die.
#[derive(Debug)]
pub struct Postgres {
    server: Guarded,
    bin: PathBuf,
    port: u16,
    password: String,
    // After the server, because the folder may be removed with its last holder.
    _folder: DataFolder,
}

impl Postgres {
    /// Starts a server on a free port, making its cluster first when the folder has none.
    pub fn start(folder: &DataFolder, durability: Durability) -> Result<Self, ServerError> {
        with_free_port(|port| Self::start_on(folder, durability, port))
    }

    /// Starts a server on the given port of 127.0.0.1.
    pub fn start_on(
        folder: &DataFolder,
        durability: Durability,
        port: u16,
    ) -> Result<Self, ServerError> {
        let cluster = Cluster::in_folder(folder)?;
        cluster.ensure()?;
        cluster.clear_stale_pid_file()?;
        let mut server = Guarded::spawn(Launch {
            name: NAME,
            program: cluster.bin.join("postgres"),
            args: server_args(&cluster.path, durability, port),
            run_as: cluster.run_as,
            log: open_log(&cluster.log)?,
            stop_signal: StopSignal::Interrupt,
        })?;
        cluster.wait_ready(&mut server, port)?;
        let Cluster { bin, password, .. } = cluster;
        Ok(Self {
            server,
            bin,
            port,
            password,
            _folder: folder.clone(),
        })
    }

    /// The address of a database of this server, whether it exists or not. `postgres` always does.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://{ROLE}:{}@127.0.0.1:{}/{database}",
            self.password, self.port
        )
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder with this version's programs (`psql`, `pgbench`).
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    /// The process id of the server.
    pub fn id(&self) -> u32 {
        self.server.id()
    }

    /// How the server ended, when it has.
    pub fn exited(&mut self) -> Result<Option<ExitStatus>, ServerError> {
        self.server.wait(Duration::ZERO)
    }

    /// Stops the server without waiting for its clients.
    pub fn stop(mut self) -> Result<(), ServerError> {
        self.server.stop(STOP_LIMIT).map(drop)
    }

    /// Kills the server in mid-work, for tests of what happens then.
    pub fn kill(mut self) -> Result<(), ServerError> {
        self.server.kill().map(drop)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Nobody is left to hear of a failure, and the guard kills what did not stop.
        drop(self.server.stop(STOP_LIMIT));
    }
}

/// A cluster on disk and what is needed to run it.
struct Cluster {
    path: PathBuf,
    bin: PathBuf,
    log: PathBuf,
    password: String,
    password_file: PathBuf,
    run_as: RunAs,
}

impl Cluster {
    fn in_folder(folder: &DataFolder) -> Result<Self, ServerError> {
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
            run_as: folder.run_as(),
        })
    }

    /// Makes the cluster in a staging folder and puts it in place when it is whole.
    fn ensure(&self) -> Result<(), ServerError> {
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

    /// Deals with the pid file of a server that was killed, or is still on its way out.
    ///
    /// PostgreSQL refuses to start when the number in that file belongs to any living process of the same user, which
    /// by then may be somebody else's.
    fn clear_stale_pid_file(&self) -> Result<(), ServerError> {
        let deadline = Instant::now() + STOP_LIMIT;
        let path = self.pid_file();
        while let Some(pid) = PidFile::read(&path).map(|file| file.pid) {
            if !self.is_our_server(pid) {
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
            std::thread::park_timeout(POLL);
        }
        Ok(())
    }

    fn is_our_server(&self, pid: u32) -> bool {
        let command_line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        command_line
            .split(|byte| *byte == 0)
            .any(|arg| arg == self.path.as_os_str().as_encoded_bytes())
    }

    fn wait_ready(&self, server: &mut Guarded, port: u16) -> Result<(), ServerError> {
        let deadline = Instant::now() + READY_LIMIT;
        while Instant::now() < deadline {
            if let Some(status) = server.wait(POLL)? {
                return Err(ServerError::Exited {
                    server: NAME,
                    status,
                    log_tail: log_tail(&self.log),
                });
            }
            // The pid file tells our child from a stranger that listens on the same port.
            let is_ours = PidFile::read(&self.pid_file())
                .is_some_and(|file| file.pid == server.id() && file.is_ready);
            if is_ours && accepts_connections(port) {
                return Ok(());
            }
        }
        Err(ServerError::NotReady {
            server: NAME,
            limit: READY_LIMIT,
            log_tail: log_tail(&self.log),
        })
    }

    fn pid_file(&self) -> PathBuf {
        self.path.join("postmaster.pid")
    }
}

/// The two lines of `postmaster.pid` that matter here.
struct PidFile {
    pid: u32,
    is_ready: bool,
}

impl PidFile {
    /// `None` when there is none, or one that is still being written.
    fn read(path: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(path).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        const STATUS_LINE: usize = 7;
        let pid = text.lines().next()?.trim().parse().ok()?;
        let is_ready = text
            .lines()
            .nth(STATUS_LINE)
            .is_some_and(|line| line.trim() == "ready");
        Some(Self { pid, is_ready })
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

fn server_args(cluster: &Path, durability: Durability, port: u16) -> Vec<OsString> {
    let mut settings = vec![
        "listen_addresses=127.0.0.1".to_owned(),
        "unix_socket_directories=".to_owned(),
        format!("port={port}"),
        // Each test and each service brings its own small pool.
        "max_connections=200".to_owned(),
        "timezone=UTC".to_owned(),
    ];
    if durability == Durability::ThrowAway {
        settings.extend(
            [
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
                "autovacuum=off",
            ]
            .map(str::to_owned),
        );
    }
    let mut args: Vec<OsString> = vec!["-D".into(), cluster.into()];
    args.extend(
        settings
            .into_iter()
            .flat_map(|setting| [OsString::from("-c"), setting.into()]),
    );
    args
}

/// Whether a server takes our start-up message and asks who we are.
///
/// While it recovers, PostgreSQL accepts the connection and answers with an error.
fn accepts_connections(port: u16) -> bool {
    const ASKS_FOR_PASSWORD: u8 = b'R';
    ask_to_start(port).is_ok_and(|answer| answer == ASKS_FOR_PASSWORD)
}

/// Sends a start-up message (protocol 3.0) and returns the type of the first message that comes back.
fn ask_to_start(port: u16) -> io::Result<u8> {
    const PROTOCOL_3_0: u32 = 3 << 16;
    let mut body = PROTOCOL_3_0.to_be_bytes().to_vec();
    for word in ["user", ROLE, "database", "postgres", ""] {
        body.extend(word.as_bytes());
        body.push(0);
    }
    let length = u32::try_from(body.len() + 4).map_err(io::Error::other)?;
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.write_all(&length.to_be_bytes())?;
    stream.write_all(&body)?;
    let mut kind = [0_u8; 1];
    stream.read_exact(&mut kind)?;
    Ok(kind[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_is_ready_only_when_it_says_so() {
        let starting = "812\n/data\n1700000000\n5432\n\n127.0.0.1\n  12  34\nstarting\n";
        let file = PidFile::parse(starting).unwrap();
        assert_eq!(file.pid, 812);
        assert!(!file.is_ready);
        assert!(
            PidFile::parse(&starting.replace("starting", "ready   "))
                .unwrap()
                .is_ready
        );
    }

    #[test]
    fn a_half_written_pid_file_is_no_pid_file() {
        assert!(PidFile::parse("").is_none());
    }

    #[test]
    fn only_throw_away_servers_skip_the_disk() {
        let args = |durability| format!("{:?}", server_args(Path::new("/d"), durability, 1));
        assert!(args(Durability::ThrowAway).contains("fsync=off"));
        assert!(!args(Durability::Durable).contains("fsync"));
    }
}
