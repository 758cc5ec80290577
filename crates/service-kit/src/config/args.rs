//! `--check-config`, the same for every service.

use std::{
    io::{self, Write},
    ops::ControlFlow,
    process::ExitCode,
};

use super::{
    reader::{Section, load},
    source::Source,
};

/// Flatten this into a service's command line (`#[command(flatten)]`).
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ConfigArgs {
    /// Read the configuration, print it with secrets masked, and exit: 0 when it is sound, 1 when it is not.
    #[arg(long)]
    pub check_config: bool,
}

impl ConfigArgs {
    /// The configuration to go on with, or the code to exit with.
    ///
    /// All problems go to standard error together, before anything was opened.
    ///
    /// ```no_run
    /// # use std::{ops::ControlFlow, process::ExitCode};
    /// # use avvivo_service_kit::config::{ConfigArgs, Env, ServerConfig};
    /// # fn main() -> ExitCode {
    /// # let args = ConfigArgs::default();
    /// let config = match args.load::<ServerConfig>(&Env::from_process()) {
    ///     ControlFlow::Continue(config) => config,
    ///     ControlFlow::Break(code) => return code,
    /// };
    /// # drop(config);
    /// # ExitCode::SUCCESS
    /// # }
    /// ```
    pub fn load<C: Section>(&self, source: &dyn Source) -> ControlFlow<ExitCode, C> {
        self.load_with(source, &mut io::stdout().lock(), &mut io::stderr().lock())
    }

    /// [`load`](Self::load) with the places to write to.
    pub fn load_with<C: Section>(
        &self,
        source: &dyn Source,
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> ControlFlow<ExitCode, C> {
        let loaded = match load::<C>(source) {
            Ok(loaded) => loaded,
            Err(problems) => {
                // The exit code says it too, should standard error be closed.
                writeln!(err, "{problems}").unwrap_or_default();
                return ControlFlow::Break(ExitCode::FAILURE);
            }
        };
        if !self.check_config {
            return ControlFlow::Continue(loaded.config);
        }
        match out.write_all(loaded.reference.to_values().as_bytes()) {
            Ok(()) => ControlFlow::Break(ExitCode::SUCCESS),
            Err(_) => ControlFlow::Break(ExitCode::FAILURE),
        }
    }
}
