//! Any other program as a child that dies with us: our own services, a proxy.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use crate::{
    error::ServerError,
    guarded::{Guarded, Launch, StopSignal},
    log::open_log,
    run_as::RunAs,
};

/// How long a service may drain: eight seconds are usual, and two for what comes after.
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// A running program. It runs as ourselves, and writes to a log of its own.
#[derive(Debug)]
pub struct PrivateProcess {
    name: &'static str,
    process: Guarded,
    log: PathBuf,
}

impl PrivateProcess {
    /// Starts `program` with only these variables in its environment (and a PATH). Its log is `<name>.log` in `folder`.
    pub fn start(
        folder: &Path,
        name: &'static str,
        program: PathBuf,
        args: Vec<OsString>,
        environment: BTreeMap<String, String>,
    ) -> Result<Self, ServerError> {
        std::fs::create_dir_all(folder).map_err(ServerError::file("make", folder))?;
        let log = folder.join(format!("{name}.log"));
        let process = Guarded::spawn(Launch {
            name,
            program,
            args,
            environment,
            run_as: RunAs::ourselves(),
            log: open_log(&log)?,
            stop_signal: StopSignal::Terminate,
        })?;
        Ok(Self { name, process, log })
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where it writes to.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// How it ended, when it has.
    pub fn exited(&mut self) -> Result<Option<ExitStatus>, ServerError> {
        self.process.wait(Duration::ZERO)
    }

    /// Kills it in mid-work, for tests of what happens then.
    pub fn kill(mut self) -> Result<(), ServerError> {
        self.process.kill().map(drop)
    }

    /// Asks all of them to stop, then waits for each: they drain together.
    pub fn stop_all(mut processes: Vec<Self>) -> Result<(), ServerError> {
        for process in &mut processes {
            process.process.ask_to_stop()?;
        }
        for process in &mut processes {
            process.process.stop(STOP_LIMIT)?;
        }
        Ok(())
    }
}
