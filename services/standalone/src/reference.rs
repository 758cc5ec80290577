//! Every variable of every service, as documentation.

use std::process::ExitCode;

use avvivo_service_kit::config::{Reference, Section};

use crate::develop::say;

/// Prints the reference in Markdown. `deploy/environment.md` is its output.
pub(crate) fn print() -> anyhow::Result<ExitCode> {
    say(
        "# Environment\n\nEvery variable that each service reads, generated from the code that reads it (`scripts/gen`). \
         A service reports every problem with its environment at once, before it opens a port; `--check-config` does that \
         and exits.",
    )?;
    service::<avvivo_api::Config>()?;
    service::<avvivo_reels_processor::Config>()?;
    service::<avvivo_scheduler::Config>()?;
    service::<avvivo_realtime_gateway::Config>()?;
    Ok(ExitCode::SUCCESS)
}

fn service<C: Section>() -> anyhow::Result<()> {
    say(format_args!(
        "\n## {}\n\n{}",
        C::TITLE,
        Reference::of::<C>().to_markdown().trim()
    ))
}
