//! Generated files: writing only what changed, or telling what would change.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

use anyhow::{Context, bail};

use crate::checkout::{say, short};

/// Whether a chore that generates files writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Make the files what they should be.
    Write,
    /// Only tell whether they are.
    Check,
}

impl Mode {
    pub(crate) fn from_check(check: bool) -> Self {
        if check { Self::Check } else { Self::Write }
    }
}

/// The files of a flat folder by name; only those that `is_ours` accepts.
pub(crate) fn files_in(
    folder: &Path,
    is_ours: impl Fn(&str) -> bool,
) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        other => other.with_context(|| format!("cannot list {}", folder.display()))?,
    };
    let mut files = BTreeMap::new();
    for entry in entries {
        let entry = entry?;
        if let Some(name) = entry.file_name().to_str().filter(|name| is_ours(name)) {
            files.insert(name.to_owned(), fs::read(entry.path())?);
        }
    }
    Ok(files)
}

/// Brings `folder` from `present` to `wanted`, touching only files that differ; or fails and names them.
pub(crate) fn settle(
    folder: &Path,
    present: &BTreeMap<String, Vec<u8>>,
    wanted: &BTreeMap<String, Vec<u8>>,
    mode: Mode,
    remedy: &str,
) -> anyhow::Result<()> {
    let differing = differing(present, wanted);
    if mode == Mode::Check && !differing.is_empty() {
        bail!(
            "{} is stale ({}); run {remedy}",
            short(folder),
            differing.join(", ")
        );
    }
    fs::create_dir_all(folder)?;
    for name in &differing {
        let path = folder.join(name);
        match wanted.get(name) {
            Some(bytes) => fs::write(&path, bytes),
            None => fs::remove_file(&path),
        }
        .with_context(|| format!("cannot update {}", path.display()))?;
    }
    say(&format!(
        "{}: {} files, {} changed",
        short(folder),
        wanted.len(),
        differing.len()
    ))?;
    Ok(())
}

/// The names whose contents are not the same on both sides.
fn differing(
    present: &BTreeMap<String, Vec<u8>>,
    wanted: &BTreeMap<String, Vec<u8>>,
) -> Vec<String> {
    let names: BTreeSet<&String> = present.keys().chain(wanted.keys()).collect();
    names
        .into_iter()
        .filter(|name| present.get(*name) != wanted.get(*name))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(entries: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        entries
            .iter()
            .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn writing_adds_changes_and_removes() {
        let folder = tempfile::tempdir().unwrap();
        let present = files(&[("same", "1"), ("old", "1"), ("gone", "1")]);
        let wanted = files(&[("same", "1"), ("old", "2"), ("new", "1")]);
        settle(folder.path(), &BTreeMap::new(), &present, Mode::Write, "it").unwrap();
        settle(folder.path(), &present, &wanted, Mode::Write, "it").unwrap();
        assert_eq!(files_in(folder.path(), |_| true).unwrap(), wanted);
    }

    #[test]
    fn checking_names_what_is_stale_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = files(&[("new", "1")]);
        let error = settle(
            folder.path(),
            &BTreeMap::new(),
            &wanted,
            Mode::Check,
            "scripts/gen",
        );
        let text = error.unwrap_err().to_string();
        assert!(text.ends_with("is stale (new); run scripts/gen"), "{text}");
        assert!(files_in(folder.path(), |_| true).unwrap().is_empty());
    }
}
