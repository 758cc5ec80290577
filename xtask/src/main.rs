#![doc = include_str!("../README.md")]

mod checkout;
mod compat;
mod contracts;
mod deps;
mod freshness;
mod header;
mod law;
mod migrations;
mod proto_compat;
mod sql;
mod testing;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The repository's chores")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Run the tests on throw-away PostgreSQL and Redis servers.
    Test {
        /// Arguments of `cargo nextest run`, in place of `--workspace`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        nextest: Vec<String>,
    },
    /// Check the queries against the migrations and save what the compiler needs to know of them.
    Sql {
        /// Change nothing; fail when the saved files are not what they would be.
        #[arg(long)]
        check: bool,
        /// More arguments of `cargo check`, such as packages to build the same features for.
        #[arg(last = true)]
        cargo: Vec<String>,
    },
    /// Generate the contracts from `proto/`.
    Gen {
        /// Change nothing; fail when the generated files are not what they would be.
        #[arg(long)]
        check: bool,
    },
    /// Compare `proto/` with what was last accepted.
    ProtoCompat {
        /// Make today's contracts the baseline.
        #[arg(long)]
        accept: bool,
    },
    /// Check the dependency law.
    Deps,
    /// Check the migrations' headers.
    Migrations,
}

fn main() -> ExitCode {
    run(Cli::parse().chore).unwrap_or_else(|error| {
        // Nothing is left to do when even the terminal is gone.
        drop(checkout::say(&format!("error: {error:#}")));
        ExitCode::FAILURE
    })
}

fn run(chore: Chore) -> anyhow::Result<ExitCode> {
    match chore {
        Chore::Test { nextest } => return testing::run(nextest),
        Chore::Sql { check, cargo } => sql::run(freshness::Mode::from_check(check), &cargo)?,
        Chore::Gen { check } => contracts::run(freshness::Mode::from_check(check))?,
        Chore::ProtoCompat { accept: true } => proto_compat::accept()?,
        Chore::ProtoCompat { accept: false } => proto_compat::check()?,
        Chore::Deps => deps::run()?,
        Chore::Migrations => migrations::run()?,
    }
    Ok(ExitCode::SUCCESS)
}
