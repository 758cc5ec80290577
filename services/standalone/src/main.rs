#![doc = include_str!("../README.md")]

mod background;
mod cloud;
mod develop;
mod place;
mod ports;
mod reference;
mod settings;
mod single;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use avvivo_service_kit::crypto::install_crypto;
use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Avellaneda en Vivo on one machine.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything to develop with: private PostgreSQL and Redis, sample data, a sample reel, tokens for curl.
    Dev(develop::DevArgs),
    /// The platform for a single host, over a PostgreSQL and a Redis that are there already.
    Serve(single::ServeArgs),
    /// Every variable of every service, in Markdown.
    Environment,
}

#[tokio::main]
async fn main() -> ExitCode {
    install_crypto();
    let ended = match Args::parse().command {
        Command::Dev(args) => develop::run(args).await,
        Command::Serve(args) => single::serve(args).await,
        Command::Environment => reference::print(),
    };
    match ended {
        Ok(code) => code,
        Err(error) => {
            // Most of what fails a start fails before there is a log, and somebody waits for an answer.
            drop(writeln!(io::stderr(), "avvivo: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
