//! A private Redis server. It keeps nothing: caches, rate limits and presence are made anew.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead, BufReader, Write},
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
    programs::Program,
    secret::password_in,
};

const NAME: &str = "Redis";

/// Redis is there in a twentieth of a second; the rest is for a machine that is busy compiling.
const READY_LIMIT: Duration = Duration::from_secs(20);

/// It has nothing to save.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// Between two looks at a server that is starting.
const POLL: Duration = Duration::from_millis(5);

/// A running Redis server that stops when this is dropped and dies when we die.
#[derive(Debug)]
pub struct Redis {
    server: Guarded,
    port: u16,
    password: String,
    // After the server, because the folder may be removed with its last holder.
    _folder: DataFolder,
}

impl Redis {
    /// How many numbered databases it has: enough for each test to have its own.
    pub const DATABASES: u16 = 1024;

    /// Starts a server on a free port.
    pub fn start(folder: &DataFolder) -> Result<Self, ServerError> {
        with_free_port(|port| Self::start_on(folder, port))
    }

    /// Starts a server on the given port of 127.0.0.1. In the same folder it has the same password again.
    pub fn start_on(folder: &DataFolder, port: u16) -> Result<Self, ServerError> {
        let program = Program::Redis.locate()?;
        let password = password_in(&folder.path().join("redis.password"))?;
        let config = write_config(folder, port, &password)?;
        let log = folder.path().join("redis.log");
        let mut server = Guarded::spawn(Launch {
            name: NAME,
            program,
            args: vec![config.into()],
            environment: BTreeMap::new(),
            run_as: folder.run_as(),
            log: open_log(&log)?,
            stop_signal: StopSignal::Terminate,
        })?;
        wait_ready(&mut server, port, &password, &log)?;
        Ok(Self {
            server,
            port,
            password,
            _folder: folder.clone(),
        })
    }

    /// The address of one of its numbered databases.
    pub fn url(&self, database: u16) -> String {
        format!(
            "redis://:{}@127.0.0.1:{}/{database}",
            self.password, self.port
        )
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id of the server.
    pub fn id(&self) -> u32 {
        self.server.id()
    }

    /// How the server ended, when it has.
    pub fn exited(&mut self) -> Result<Option<ExitStatus>, ServerError> {
        self.server.wait(Duration::ZERO)
    }

    /// Stops the server.
    pub fn stop(mut self) -> Result<(), ServerError> {
        self.server.stop(STOP_LIMIT).map(drop)
    }

    /// Kills the server in mid-work, for tests of what happens then.
    pub fn kill(mut self) -> Result<(), ServerError> {
        self.server.kill().map(drop)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // Nobody is left to hear of a failure, and the guard kills what did not stop.
        drop(self.server.stop(STOP_LIMIT));
    }
}

/// Writes the configuration to a file, because a command line shows its password to everybody.
fn write_config(folder: &DataFolder, port: u16, password: &str) -> Result<PathBuf, ServerError> {
    let path = folder.path().join("redis.conf");
    let text = format!(
        "bind 127.0.0.1\n\
         port {port}\n\
         requirepass {password}\n\
         databases {}\n\
         save \"\"\n\
         appendonly no\n\
         daemonize no\n",
        Redis::DATABASES
    );
    fs::write(&path, "")
        .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o600)))
        .and_then(|()| fs::write(&path, text))
        .map_err(ServerError::file("write", &path))?;
    folder.run_as().own(&path)?;
    Ok(path)
}

fn wait_ready(
    server: &mut Guarded,
    port: u16,
    password: &str,
    log: &Path,
) -> Result<(), ServerError> {
    let deadline = Instant::now() + READY_LIMIT;
    while Instant::now() < deadline {
        if let Some(status) = server.wait(POLL)? {
            return Err(ServerError::Exited {
                server: NAME,
                status,
                log_tail: log_tail(log),
            });
        }
        // The process id tells our child from a stranger that listens on the same port.
        if matches!(ask_process_id(port, password), Ok(Some(pid)) if pid == server.id()) {
            return Ok(());
        }
    }
    Err(ServerError::NotReady {
        server: NAME,
        limit: READY_LIMIT,
        log_tail: log_tail(log),
    })
}

/// Logs in and asks the server for its process id.
fn ask_process_id(port: u16, password: &str) -> io::Result<Option<u32>> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    write!(stream, "AUTH {password}\r\nINFO server\r\nQUIT\r\n")?;
    for line in BufReader::new(stream).lines() {
        if let Some(pid) = line?.strip_prefix("process_id:") {
            return Ok(pid.trim().parse().ok());
        }
    }
    Ok(None)
}
