//! What processes have used, as the kernel counted it. On a machine that does other things, too, CPU time tells more than
//! time on the wall.

use std::{fs, time::Duration};

use anyhow::Context as _;

/// Ticks a second in `/proc`, part of the kernel's interface (`USER_HZ`).
const TICKS: u64 = 100;

/// CPU time of a process, of the children it has now, and of those it has had.
pub(crate) fn cpu_time(process: u32) -> anyhow::Result<Duration> {
    let mut ticks = own_ticks(process, Fields::Own)? + own_ticks(process, Fields::EndedChildren)?;
    for child in children(process)? {
        // One that has just ended no longer counts.
        ticks += own_ticks(child, Fields::Own).unwrap_or_default();
    }
    Ok(duration(ticks))
}

/// Children of the main thread: the workers of nginx, the backends of PostgreSQL.
pub(crate) fn children(process: u32) -> anyhow::Result<Vec<u32>> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"))?;
    let children = children.split_whitespace().map(str::parse);
    Ok(children.collect::<Result<_, _>>()?)
}

/// CPU time of a process alone.
pub(crate) fn own_time(process: u32) -> anyhow::Result<Duration> {
    own_ticks(process, Fields::Own).map(duration)
}

/// CPU time of the children that this process has waited for: load generators that have ended.
pub(crate) fn ended_children() -> anyhow::Result<Duration> {
    own_ticks(std::process::id(), Fields::EndedChildren).map(duration)
}

/// Which pair of counters: user and system time.
#[derive(Clone, Copy)]
enum Fields {
    Own,
    EndedChildren,
}

fn own_ticks(process: u32, fields: Fields) -> anyhow::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    ticks_in(&stat, fields)
}

fn ticks_in(stat: &str, fields: Fields) -> anyhow::Result<u64> {
    // The name is in parentheses and may contain anything; field 3 of the line is the first after it.
    let (_, rest) = stat.rsplit_once(')').context("no process name")?;
    let first = match fields {
        Fields::Own => 14,
        Fields::EndedChildren => 16,
    };
    let counters = rest.split_whitespace().skip(first - 3).take(2);
    let ticks = counters.map(str::parse::<u64>).sum::<Result<u64, _>>();
    ticks.context("no CPU time in /proc")
}

fn duration(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 1000 / TICKS)
}

/// Memory of a process, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// All pages that it has in memory.
    pub(crate) resident: u64,
    /// The same, with pages that several processes share divided among them.
    pub(crate) proportional: u64,
    /// Pages of its own: heap and stacks.
    pub(crate) anonymous: u64,
}

/// Memory that a process holds now.
pub(crate) fn memory(process: u32) -> anyhow::Result<Memory> {
    let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    let bytes = |name: &str| -> anyhow::Result<u64> {
        let line = rollup.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.with_context(|| format!("no {name} in smaps_rollup"))?;
        let kib: u64 = kib.trim().trim_end_matches(" kB").parse()?;
        Ok(kib << 10)
    };
    Ok(Memory {
        resident: bytes("Rss:")?,
        proportional: bytes("Pss:")?,
        anonymous: bytes("Anonymous:")?,
    })
}

/// Bytes in MiB.
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    u32::try_from(bytes >> 10).map_or(f64::INFINITY, f64::from) / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_parentheses_do_not_shift_the_counters() {
        let stat = "7 (a) (b) c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15";
        assert_eq!(ticks_in(stat, Fields::Own).unwrap(), 11 + 12);
        assert_eq!(ticks_in(stat, Fields::EndedChildren).unwrap(), 13 + 14);
    }

    #[test]
    fn a_process_has_memory() {
        let memory = memory(std::process::id()).unwrap();
        assert!(memory.resident >= memory.proportional && memory.anonymous > 0);
    }
}
