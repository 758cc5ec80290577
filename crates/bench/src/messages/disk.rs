//! How often the disk can be made to keep what it was given: the limit of commits that do not share a write.

use std::path::Path;

use anyhow::Context as _;

use crate::{
    platform::Platform,
    tool::{self, Cores},
};

/// Times a second that a page is written and flushed, the way PostgreSQL flushes its log here.
pub(super) async fn flushes_per_second(platform: &Platform) -> anyhow::Result<f64> {
    // Debian keeps it with the server's programs.
    let program = platform.postgres_tool("pg_test_fsync")?;
    let file = platform.folder().join("flushed");
    let args = ["-s", "1", "-f", &file.display().to_string()];
    let text = tool::run(&program, args, Cores::Both, &[]).await?;
    read(&text).with_context(|| format!("{} said: {text}", name(&program)))
}

fn name(program: &Path) -> String {
    program.display().to_string()
}

/// The first line of `fdatasync` is of one page.
fn read(text: &str) -> Option<f64> {
    let mut lines = text.lines().map(str::trim);
    let line = lines.find_map(|line| line.strip_prefix("fdatasync"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_counts() {
        let said = "(in order, except fdatasync is Linux's default)\n        open_datasync   384.9 ops/sec    2598 usecs/op\n        \
                    fdatasync       304.690 ops/sec    3282 usecs/op\n        fdatasync  1.0 ops/sec\n";
        assert!((read(said).unwrap() - 304.69).abs() < 1e-9);
        assert_eq!(read("fsync 1 ops/sec"), None);
    }
}
