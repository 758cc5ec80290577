//! `deps`: the dependency law against the manifests.

use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

use crate::{
    checkout::{root, say},
    law::{Arrow, Use, violations},
};

/// Fails when a manifest names what it may not.
pub(crate) fn run() -> anyhow::Result<()> {
    let metadata = MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .exec()
        .context("cargo metadata failed")?;
    let packages: Vec<&Package> = metadata
        .packages
        .iter()
        .filter(|package| !is_private(package))
        .collect();
    let names: Vec<String> = packages
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    let arrows = arrows(&metadata, &packages);
    let found = violations(&names, &arrows);
    if found.is_empty() {
        say(&format!(
            "deps: {} crates, {} arrows, all down",
            names.len(),
            arrows.len()
        ))?;
        return Ok(());
    }
    bail!(
        "the dependency law (crates/README.md) is broken:\n{}",
        found.join("\n")
    )
}

fn arrows(metadata: &Metadata, packages: &[&Package]) -> Vec<Arrow> {
    let is_ours = |name: &str| {
        metadata
            .packages
            .iter()
            .any(|package| package.name.as_str() == name)
    };
    packages
        .iter()
        .flat_map(|package| {
            package
                .dependencies
                .iter()
                .map(move |dependency| (package, dependency))
        })
        .map(|(package, dependency)| Arrow {
            from: package.name.to_string(),
            to: dependency.name.clone(),
            purpose: match dependency.kind {
                DependencyKind::Development => Use::Tests,
                _ => Use::Product,
            },
            is_ours: is_ours(&dependency.name),
            features: dependency.features.clone(),
        })
        .collect()
}

/// Whether git ignores the package: somebody's experiment, which the law does not reach.
fn is_private(package: &Package) -> bool {
    Command::new("git")
        .current_dir(root())
        .args(["check-ignore", "--quiet"])
        .arg(&package.manifest_path)
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_become_arrows() {
        let dependency = |name: &str, kind: Option<&str>| {
            serde_json::json!({
                "name": name, "source": null, "req": "*", "kind": kind, "rename": null, "optional": false,
                "uses_default_features": true, "features": [], "target": null, "registry": null
            })
        };
        let package = |name: &str, dependencies: serde_json::Value| {
            serde_json::json!({
                "name": name, "version": "0.1.0", "id": name, "source": null, "targets": [], "features": {},
                "manifest_path": format!("/w/{name}/Cargo.toml"), "dependencies": dependencies
            })
        };
        let metadata: Metadata = serde_json::from_value(serde_json::json!({
            "packages": [
                package("avvivo-app", serde_json::json!([
                    dependency("avvivo-kernel", None),
                    dependency("sqlx", Some("dev")),
                ])),
                package("avvivo-kernel", serde_json::json!([])),
            ],
            "workspace_members": [], "workspace_default_members": [], "resolve": null,
            "workspace_root": "/w", "target_directory": "/t", "version": 1
        }))
        .unwrap();
        let packages: Vec<&Package> = metadata.packages.iter().collect();
        let arrow = |to: &str, purpose, is_ours| Arrow {
            from: "avvivo-app".to_owned(),
            to: to.to_owned(),
            purpose,
            is_ours,
            features: Vec::new(),
        };
        assert_eq!(
            arrows(&metadata, &packages),
            [
                arrow("avvivo-kernel", Use::Product, true),
                arrow("sqlx", Use::Tests, false)
            ]
        );
    }
}
