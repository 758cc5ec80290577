//! wrk: one thread that keeps every connection busy.

use std::{path::Path, time::Duration};

use anyhow::Context as _;

use crate::{
    tool::{self, Cores},
    usage,
};

/// What a generator got.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Answers a second.
    pub(crate) rate: f64,
    /// Answers in all.
    pub(crate) requests: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// CPU time of the generator itself.
    pub(crate) cpu: Duration,
}

/// What it asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) url: &'a str,
    /// Who asks.
    pub(crate) token: Option<&'a str>,
    /// A script in Lua that makes the requests.
    pub(crate) script: Option<&'a Path>,
}

/// Asks for that many seconds.
pub(crate) async fn run(
    target: Target<'_>,
    connections: u16,
    seconds: u16,
    cores: Cores,
) -> anyhow::Result<Load> {
    let mut args = vec![
        "--threads".to_owned(),
        "1".to_owned(),
        "--connections".to_owned(),
        connections.to_string(),
        "--duration".to_owned(),
        format!("{seconds}s"),
        "--latency".to_owned(),
    ];
    if let Some(script) = target.script {
        args.extend(["--script".to_owned(), script.display().to_string()]);
    }
    if let Some(token) = target.token {
        args.extend([
            "--header".to_owned(),
            format!("Authorization: Bearer {token}"),
        ]);
    }
    args.push(target.url.to_owned());
    let before = usage::ended_children()?;
    let text = tool::run(&tool::find("wrk", "wrk")?, args, cores, &[]).await?;
    let cpu = usage::ended_children()?.saturating_sub(before);
    read(&text, cpu).with_context(|| format!("wrk said: {text}"))
}

fn read(text: &str, cpu: Duration) -> anyhow::Result<Load> {
    for trouble in ["Non-2xx", "Socket errors"] {
        anyhow::ensure!(!text.contains(trouble), "not every request was answered");
    }
    let after = |word: &str| {
        let line = text
            .lines()
            .find(|line| line.trim_start().starts_with(word));
        let line = line.with_context(|| format!("no line with {word}"));
        line.map(|line| line.trim_start().trim_start_matches(word).trim())
    };
    let counted = text.lines().find(|line| line.contains(" requests in "));
    let counted = counted.and_then(|line| line.split_whitespace().next());
    Ok(Load {
        rate: after("Requests/sec:")?.parse()?,
        requests: counted.context("no number of requests")?.parse()?,
        p50: duration(after("50%")?)?,
        p99: duration(after("99%")?)?,
        cpu,
    })
}

/// `870.00us`, `1.23ms`, `1.02s`.
fn duration(text: &str) -> anyhow::Result<Duration> {
    let number = text.trim_end_matches(char::is_alphabetic);
    let scale = match text.trim_start_matches(number) {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        unit => anyhow::bail!("{unit} is no unit"),
    };
    Ok(Duration::try_from_secs_f64(number.parse::<f64>()? * scale)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "Running 5s test @ http://127.0.0.1:1/\n  1 threads and 32 connections\n  \
        Latency Distribution\n     50%  870.00us\n     75%    1.10ms\n     90%    1.23ms\n     99%    2.50ms\n  \
        50000 requests in 5.00s, 3.30GB read\nRequests/sec:  10000.00\nTransfer/sec:      0.66GB\n";

    #[test]
    fn its_numbers_are_read() {
        let load = read(SAID, Duration::ZERO).unwrap();
        assert_eq!(load.p50, Duration::from_micros(870));
        assert_eq!(load.p99, Duration::from_micros(2500));
        assert!((load.rate - 10_000.0).abs() < 1e-6 && (load.requests - 50_000.0).abs() < 1e-6);
    }

    #[test]
    fn failures_are_not_counted_as_answers() {
        let failing = format!("{SAID}  Non-2xx or 3xx responses: 3\n");
        assert!(read(&failing, Duration::ZERO).is_err());
    }
}
