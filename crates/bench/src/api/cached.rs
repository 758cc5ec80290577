//! Answers that are kept, beside nginx.

use std::time::Duration;

use anyhow::Context as _;

use super::{LISTS, Page, ROUNDS, Round, SECONDS, fetch, keep_better, nginx::Nginx};
use crate::{
    platform::Platform,
    progress,
    report::{Bound, Goal, Report, Table},
    sample::Millis,
    service::{Kind, Service},
    tool::Cores,
    usage,
    wrk::{self, Target},
};

/// Enough that the server never waits for its clients.
const CONNECTIONS: u16 = 32;
const GOAL: f64 = 0.7;

/// What became of one contest.
struct Contest {
    path: &'static str,
    bytes: usize,
    api: Round,
    nginx: Round,
}

impl Contest {
    fn rate(&self) -> f64 {
        self.api.rate / self.nginx.rate
    }

    fn cpu(&self) -> f64 {
        self.nginx.cpu.as_secs_f64() / self.api.cpu.as_secs_f64()
    }
}

pub(super) async fn measure(platform: &Platform, report: &mut Report) -> anyhow::Result<()> {
    let mut api = platform.service(Kind::Api, &[], Cores::Measured)?;
    api.first_answer("/ready").await?;
    let before = usage::memory(api.id())?.resident;
    let mut contests = Vec::new();
    for path in LISTS {
        contests.push(contest(platform, &api, path).await?);
    }
    let held = usage::memory(api.id())?.resident;
    table(report, &contests);
    report.note(format!(
        "The api held {:.1} MiB before all that and {:.1} MiB after.",
        usage::mebibytes(before),
        usage::mebibytes(held)
    ));
    goals(report, &contests);
    api.kill()
}

async fn contest(
    platform: &Platform,
    api: &Service,
    path: &'static str,
) -> anyhow::Result<Contest> {
    let url = format!("{}{path}", api.url());
    // The first fills the cache.
    fetch(&url, None).await?;
    let page = fetch(&url, None).await?;
    anyhow::ensure!(is_kept(&page), "{path} is not answered from the cache");
    let nginx = Nginx::start(platform.folder(), &page, Cores::Measured).await?;
    let (mut ours, mut theirs) = (None, None);
    for number in 1..=ROUNDS {
        progress(format_args!(
            "api: {path} cached, round {number} of {ROUNDS} …"
        ));
        keep_better(&mut ours, round(&url, api.id()).await?);
        keep_better(&mut theirs, round(nginx.url(), nginx.id()).await?);
    }
    let (api, nginx) = ours.zip(theirs).context("no rounds")?;
    Ok(Contest {
        path,
        bytes: page.body.len(),
        api,
        nginx,
    })
}

fn is_kept(page: &Page) -> bool {
    let told = page.headers.get("x-cache");
    told.is_some_and(|told| told == "HIT")
}

async fn round(url: &str, server: u32) -> anyhow::Result<Round> {
    let before = usage::cpu_time(server)?;
    let target = Target {
        url,
        token: None,
        script: None,
    };
    let load = wrk::run(target, CONNECTIONS, SECONDS, Cores::Measuring).await?;
    let cpu = usage::cpu_time(server)?.saturating_sub(before);
    Ok(Round::of(&load, cpu, Duration::ZERO))
}

fn table(report: &mut Report, contests: &[Contest]) {
    let mut table = Table::new(&[
        "Cached",
        "bytes",
        "requests/s",
        "p50",
        "p99",
        "CPU µs each",
        "its core",
        "generator's core",
        "/ nginx",
    ]);
    for contest in contests {
        let contestants = [("api", &contest.api), ("nginx", &contest.nginx)];
        for (who, round) in contestants {
            table.row([
                format!("{}: {who}", contest.path),
                contest.bytes.to_string(),
                format!("{:.0}", round.rate),
                Millis(round.p50).to_string(),
                Millis(round.p99).to_string(),
                format!("{:.1}", round.cpu.as_secs_f64() * 1e6),
                format!("{:.0} %", round.server * 100.0),
                format!("{:.0} %", round.generator * 100.0),
                format!("{:.2}", round.rate / contest.nginx.rate),
            ]);
        }
    }
    report.table(
        &format!(
            "From the cache: {CONNECTIONS} connections, each server on one core and the generator on another, best of {ROUNDS} \
             rounds of {SECONDS} s. Both write an access log. Where neither core is near 100 %, others took them, and only CPU \
             time tells the servers apart:"
        ),
        &table,
    );
}

fn goals(report: &mut Report, contests: &[Contest]) {
    for contest in contests {
        for (what, found) in [
            ("requests/s of nginx's", contest.rate()),
            ("nginx's CPU time of ours", contest.cpu()),
        ] {
            report.goal(Goal {
                what: format!("cached `GET {}`, {what}", contest.path),
                found,
                bound: Bound::AtLeast(GOAL),
                unit: "",
            });
        }
    }
}
