//! Where the checkout is: its migrations, the queries that its code runs, its document of results.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use serde_json::Value;

/// A path below the checkout's root. The benchmarks are built from the checkout that they measure.
pub(crate) fn at(path: &str) -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    own.join("../..").join(path)
}

/// The one query of ours whose text has all of `parts`, as the compiler checked it.
pub(crate) fn query_with(parts: &[&str]) -> anyhow::Result<String> {
    query_without(parts, &[])
}

/// The same, of those that have none of `others`.
pub(crate) fn query_without(parts: &[&str], others: &[&str]) -> anyhow::Result<String> {
    let folder = at("crates/postgres/.sqlx");
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).context("cannot list the checked queries")? {
        let file = fs::read(entry?.path())?;
        let file: Value = serde_json::from_slice(&file)?;
        let query = file
            .get("query")
            .and_then(Value::as_str)
            .unwrap_or_default();
        // Where a line breaks says nothing.
        let words: Vec<&str> = query.split_whitespace().collect();
        let flat = words.join(" ");
        let has = |part: &&str| flat.contains(*part);
        if parts.iter().all(has) && !others.iter().any(has) {
            found.push(query.to_owned());
        }
    }
    let query = found.pop();
    anyhow::ensure!(
        found.is_empty(),
        "several queries have {parts:?}: name the one that is meant more closely"
    );
    query.with_context(|| format!("no query has {parts:?}: was it rewritten?"))
}

/// The migrations, in order.
pub(crate) fn migrations() -> anyhow::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = fs::read_dir(at("migrations"))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_found_by_its_words() {
        let query = query_with(&["FROM reels AS r", "WHERE r.status = 'ACTIVE'"]);
        assert!(query.unwrap().contains("r.video_url"));
        assert!(query_with(&["FROM nothing of ours"]).is_err());
        assert!(query_with(&["SELECT"]).is_err());
    }
}
