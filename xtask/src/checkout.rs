//! Where the checkout and its cache are, and how to tell the person at the terminal.

use std::{
    env,
    io::{self, Write},
    path::{Display, Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use anyhow::Context;

/// The root of the checkout that one stands in. Not of the one that this was built from: checkouts share a target folder.
pub(crate) fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let here = env::current_dir().unwrap_or_default();
        let is_root = |folder: &&Path| folder.join("xtask/Cargo.toml").is_file();
        let root = here.ancestors().find(is_root).map(Path::to_owned);
        root.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
    });
    &ROOT
}

/// A path below the root.
pub(crate) fn at(path: &str) -> PathBuf {
    root().join(path)
}

/// A path as people name it: from the root on.
pub(crate) fn short(path: &Path) -> Display<'_> {
    path.strip_prefix(root()).unwrap_or(path).display()
}

/// Where chores keep what makes the next run quick: `AVVIVO_CACHE`, else `~/.cache/avvivo`.
pub(crate) fn cache() -> anyhow::Result<PathBuf> {
    if let Some(cache) = env::var_os("AVVIVO_CACHE") {
        return Ok(cache.into());
    }
    let home = env::home_dir().context("neither AVVIVO_CACHE nor HOME is set")?;
    Ok(home.join(".cache/avvivo"))
}

/// Cargo on this checkout: the one that runs us, else the one on the `PATH`.
pub(crate) fn cargo() -> anyhow::Result<Command> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    if env::var_os("CARGO_TARGET_DIR").is_none() {
        // As in scripts/: checkouts share one folder, and what is built for one serves the next.
        command.env("CARGO_TARGET_DIR", cache()?.join("target"));
    }
    Ok(command)
}

/// Writes a line for the person at the terminal.
pub(crate) fn say(line: &str) -> io::Result<()> {
    writeln!(io::stderr(), "{line}")
}
