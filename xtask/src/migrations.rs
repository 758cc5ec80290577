//! `migrations`: each file of `migrations/` tells its reader what it does to a running system.

use std::fs;

use anyhow::{Context, bail};

use crate::{
    checkout::{at, say},
    header::missing_parts,
};

/// Checks the header of every migration.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut complaints = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(at("migrations")).context("cannot list migrations/")? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "sql") {
            continue;
        }
        count += 1;
        let text = fs::read_to_string(&path)?;
        let name = path.file_name().unwrap_or_default().display();
        complaints.extend(
            missing_parts(&text)
                .iter()
                .map(|part| format!("{name}: {part}")),
        );
    }
    if complaints.is_empty() {
        say(&format!("migrations: {count} files, each with its header"))?;
        return Ok(());
    }
    complaints.sort();
    bail!(
        "a migration starts with comment lines:\n{}",
        complaints.join("\n")
    );
}
