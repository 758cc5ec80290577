//! Everything to develop with, in one command.

mod sample_reel;
mod seed;
mod servers;
mod summary;

use std::{
    fmt::Display,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use avvivo_service_kit::config::{Env, Source as _};
use clap::Args;
use gcp_local::GcpLocal;

use crate::{
    background, cloud,
    place::Place,
    ports::{Claimed, Ports},
    settings::{Identity, Neighbours, PROJECT, Variables},
    single,
};
use servers::Servers;

/// The people that one can be on `/dev/chat`, with their tokens.
const PEOPLE_FILE: &str = "people.json";

/// The mails that went out, for `/dev/mail`.
const MAIL_FOLDER: &str = "mails";

/// Everything to develop with.
#[derive(Debug, Clone, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct DevArgs {
    /// Port of the platform: 3000, or a free one when that is taken.
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Where everything is kept.
    #[arg(long, value_name = "DIR", default_value = ".avvivo")]
    data: PathBuf,
    /// Run each service as a process of its own, two apis and two gateways among them, behind nginx.
    #[arg(long)]
    cloud: bool,
    /// Return as soon as the platform is ready; it goes on in the background.
    #[arg(long, conflicts_with_all = ["stop", "reset"])]
    detach: bool,
    /// Stop the platform that runs in the background.
    #[arg(long)]
    stop: bool,
    /// Stop it, and delete its data.
    #[arg(long)]
    reset: bool,
}

/// Runs what the arguments ask for.
pub(crate) async fn run(args: DevArgs) -> anyhow::Result<ExitCode> {
    if args.stop || args.reset {
        let place = Place::at(&args.data)?;
        // Nobody else's folder gets even a signal.
        if place.is_there()? {
            background::stop(&place).await?;
            if args.reset {
                forget(&place).await?;
            }
        } else {
            say(format_args!("nothing is in {}", place.folder().display()))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let place = Place::open(&args.data)?;
    if args.detach {
        background::detach(&place, &arguments(&args, &place)).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let _hold = place.hold()?;
    background::withdraw(&place)?;
    let ended = develop(&args, &place).await;
    background::withdraw(&place)?;
    ended
}

/// Deletes everything, and lets nobody start meanwhile.
async fn forget(place: &Place) -> anyhow::Result<()> {
    let hold = place.hold()?;
    servers::forget(place).await?;
    place.remove(&hold)?;
    say(format_args!("deleted {}", place.folder().display()))
}

/// The arguments of the process in the background.
fn arguments(args: &DevArgs, place: &Place) -> Vec<String> {
    let mut arguments = vec![
        "dev".to_owned(),
        "--data".to_owned(),
        place.folder().display().to_string(),
    ];
    if let Some(port) = args.port {
        arguments.extend(["--port".to_owned(), port.to_string()]);
    }
    if args.cloud {
        arguments.push("--cloud".to_owned());
    }
    arguments
}

async fn develop(args: &DevArgs, place: &Place) -> anyhow::Result<ExitCode> {
    let mut claimed = Claimed::of(place, args.port)?;
    let ports = claimed.ports.clone();
    say("Starting PostgreSQL and Redis …")?;
    let servers = Servers::start(place).await?;
    let (telemetry, lifecycle) = single::begin(&quiet())?;
    claimed.hand_out();
    let google = single::start_google(place, &ports, None).await?;
    let to = neighbours(place, &ports, &servers, &google)?;
    summary::write_servers(place, &to)?;
    say("Starting the services …")?;
    if args.cloud {
        cloud::start(place, &to, &mut claimed, &lifecycle).await?;
    } else {
        single::start(&to, &mut claimed, &telemetry, &lifecycle).await?;
    }
    servers.watch(&lifecycle);
    let greet = async {
        let greeted = greet(place, &to, &google).await;
        if greeted.is_err() {
            lifecycle.stop();
        }
        greeted
    };
    let stopping = lifecycle.stopping().clone();
    let (code, greeted) = tokio::join!(
        lifecycle.run(&telemetry),
        stopping.run_until_cancelled(greet)
    );
    google.shutdown().await;
    servers.stop().await?;
    // An error of the greeting is what made us stop.
    greeted.transpose()?;
    Ok(code)
}

/// People, a reel, tokens, and what to do with them.
async fn greet(place: &Place, to: &Neighbours, google: &GcpLocal) -> anyhow::Result<()> {
    seed::run(&to.database_url).await?;
    seed::accounts(google).await?;
    let tokens = seed::tokens(google)?;
    sample_reel::ensure(place, &to.base_url, &tokens).await?;
    summary::write_env(place, &to.base_url, &tokens)?;
    place.write_private(PEOPLE_FILE, &seed::cards(&tokens)?)?;
    let summary = summary::text(place, &to.base_url, &tokens);
    say(&summary)?;
    background::announce_ready(place, &summary)
}

fn neighbours(
    place: &Place,
    ports: &Ports,
    servers: &Servers,
    google: &GcpLocal,
) -> anyhow::Result<Neighbours> {
    Ok(Neighbours {
        database_url: servers.database_url(),
        redis_url: servers.redis_url(),
        google_url: google.url().to_owned(),
        signing_key_file: single::write_signing_key(place, google)?,
        base_url: single::base_url(ports),
        identity: Identity::Local,
        people_file: Some(place.file(PEOPLE_FILE).display().to_string()),
        mail_folder: Some(place.file(MAIL_FOLDER).display().to_string()),
    })
}

/// Somebody who develops wants to read what we say, not every request; `RUST_LOG` says otherwise.
fn quiet() -> Variables {
    let mut variables = Variables::new();
    variables.insert("GOOGLE_CLOUD_PROJECT".to_owned(), PROJECT.to_owned());
    if Env::from_process().get("RUST_LOG").is_none() {
        variables.insert("RUST_LOG".to_owned(), "warn".to_owned());
    }
    variables
}

/// Tells the person at the terminal.
pub(crate) fn say(text: impl Display) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}
