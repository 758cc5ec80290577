//! Answers that are made anew, beside pgbench with the statements that they took.

use anyhow::Context as _;

use super::{CLIENT, LISTS, OWN, ROUNDS, Round, SECONDS, fetch, keep_better, statements};
use crate::{
    pgbench::{self, Script},
    platform::Platform,
    progress,
    report::{Bound, Goal, Report, Table},
    sample::Millis,
    service::{Kind, Service},
    tool::{self, Cores},
    usage,
    wrk::{self, Target},
};

/// To the api as to the database: the api's whole pool.
const CONNECTIONS: u16 = 10;
const GOAL: f64 = 0.6;

/// Where the database runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrangement {
    /// On a core of its own, as on a host of its own; whoever asks has the other.
    Apart,
    /// Everything shares both cores, as on a single host.
    Together,
}

impl Arrangement {
    fn database(self) -> Cores {
        match self {
            Self::Apart => Cores::Measured,
            Self::Together => Cores::Both,
        }
    }

    fn others(self) -> Cores {
        match self {
            Self::Apart => Cores::Measuring,
            Self::Together => Cores::Both,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Apart => "database on a core of its own",
            Self::Together => "all on the same two cores",
        }
    }
}

/// What became of one contest.
struct Contest {
    path: &'static str,
    /// Statements of a request.
    statements: usize,
    api: Round,
    pgbench: Round,
}

impl Contest {
    fn rate(&self) -> f64 {
        self.api.rate / self.pgbench.rate
    }
}

pub(super) async fn measure(platform: &Platform, report: &mut Report) -> anyhow::Result<()> {
    for arrangement in [Arrangement::Apart, Arrangement::Together] {
        tool::pin(platform.postgres_process()?, arrangement.database()).await?;
        let nothing_kept = [("RESPONSE_CACHE_MB", "0".to_owned())];
        let mut api = platform.service(Kind::Api, &nothing_kept, arrangement.others())?;
        api.first_answer("/ready").await?;
        let asking = Asking {
            platform,
            token: platform.token(CLIENT).await?,
            api: &api,
            arrangement,
        };
        let mut contests = Vec::new();
        for path in LISTS.into_iter().chain([OWN]) {
            contests.push(asking.contest(path).await?);
        }
        table(report, arrangement, &contests);
        api.kill()?;
    }
    Ok(())
}

/// Whoever asks, and whom.
struct Asking<'a> {
    platform: &'a Platform,
    token: String,
    api: &'a Service,
    arrangement: Arrangement,
}

impl Asking<'_> {
    async fn contest(&self, path: &'static str) -> anyhow::Result<Contest> {
        let url = format!("{}{path}", self.api.url());
        let ask = || fetch(&url, Some(&self.token));
        // The first is stamped as a sign-in.
        ask().await?;
        let (script, statements) = statements::of(self.platform, ask).await?;
        let (mut ours, mut theirs) = (None, None);
        for number in 1..=ROUNDS {
            let name = self.arrangement.name();
            progress(format_args!(
                "api: {path} uncached, {name}, round {number} of {ROUNDS} …"
            ));
            keep_better(&mut ours, self.api_round(&url).await?);
            keep_better(&mut theirs, self.pgbench_round(&script).await?);
        }
        let (api, pgbench) = ours.zip(theirs).context("no rounds")?;
        Ok(Contest {
            path,
            statements,
            api,
            pgbench,
        })
    }

    async fn api_round(&self, url: &str) -> anyhow::Result<Round> {
        let (api, database) = (self.api.id(), self.platform.postgres_process()?);
        let before = (usage::cpu_time(api)?, usage::cpu_time(database)?);
        let target = Target {
            url,
            token: Some(&self.token),
            script: None,
        };
        let load = wrk::run(target, CONNECTIONS, SECONDS, self.arrangement.others()).await?;
        let cpu = usage::cpu_time(api)?.saturating_sub(before.0);
        let database_cpu = usage::cpu_time(database)?.saturating_sub(before.1);
        Ok(Round::of(&load, cpu, database_cpu))
    }

    async fn pgbench_round(&self, script: &Script) -> anyhow::Result<Round> {
        let database = self.platform.postgres_process()?;
        let before = usage::cpu_time(database)?;
        let others = self.arrangement.others();
        let load = pgbench::run(self.platform, script, CONNECTIONS, SECONDS, others).await?;
        let database_cpu = usage::cpu_time(database)?.saturating_sub(before);
        Ok(Round::of(&load, load.cpu, database_cpu))
    }
}

fn table(report: &mut Report, arrangement: Arrangement, contests: &[Contest]) {
    let mut table = Table::new(&[
        "Uncached",
        "statements",
        "requests/s",
        "p50",
        "p99",
        "CPU µs each",
        "database CPU µs",
        "/ pgbench",
    ]);
    for contest in contests {
        let contestants = [("api", &contest.api), ("pgbench", &contest.pgbench)];
        for (who, round) in contestants {
            table.row([
                format!("{}: {who}", contest.path),
                contest.statements.to_string(),
                format!("{:.0}", round.rate),
                Millis(round.p50).to_string(),
                Millis(round.p99).to_string(),
                format!("{:.0}", round.cpu.as_secs_f64() * 1e6),
                format!("{:.0}", round.database_cpu.as_secs_f64() * 1e6),
                format!("{:.2}", round.rate / contest.pgbench.rate),
            ]);
        }
    }
    let name = arrangement.name();
    report.table(
        &format!(
            "Without a cache, {name}, {CONNECTIONS} connections to whatever is asked, best of {ROUNDS} rounds of {SECONDS} s, \
             asked by a client who is signed in. pgbench runs what PostgreSQL wrote down of such a request; the database \
             answers pgbench in text and the api in binary:"
        ),
        &table,
    );
    for contest in contests {
        report.goal(Goal {
            what: format!(
                "uncached `GET {}`, requests/s of pgbench's, {name}",
                contest.path
            ),
            found: contest.rate(),
            bound: Bound::AtLeast(GOAL),
            unit: "",
        });
    }
}
