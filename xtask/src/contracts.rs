//! `gen`: Rust types, clients and servers from `proto/`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, ensure};
use protox::Compiler;

use crate::{
    checkout::{at, root},
    freshness::{Mode, files_in, settle},
};

const GENERATED: &str = "crates/contracts/src/gen";

/// Generates, formats and writes (or compares) the contracts.
pub(crate) fn run(mode: Mode) -> anyhow::Result<()> {
    let compiler = compile()?;
    let scratch = tempfile::tempdir()?;
    tonic_prost_build::configure()
        // A payload is passed on far more often than it is read: share it rather than copy it.
        .bytes(".")
        .emit_rerun_if_changed(false)
        .out_dir(scratch.path())
        .compile_fds(compiler.file_descriptor_set())?;
    format(scratch.path())?;
    let is_rust = |name: &str| name.strip_suffix(".rs").is_some();
    let wanted = files_in(scratch.path(), is_rust)?;
    let present = files_in(&at(GENERATED), is_rust)?;
    settle(&at(GENERATED), &present, &wanted, mode, "scripts/gen")
}

/// Compiles every file below `proto/`.
pub(crate) fn compile() -> anyhow::Result<Compiler> {
    let mut files = Vec::new();
    let folder = at("proto");
    collect_protos(&folder, &mut files).context("cannot list proto/")?;
    // The generated code must not depend on the order in which the disk lists files.
    files.sort();
    ensure!(!files.is_empty(), "there is no .proto file below proto/");
    let mut compiler = Compiler::new([&folder])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(files)?;
    Ok(compiler)
}

fn collect_protos(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect_protos(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            files.push(path);
        }
    }
    Ok(())
}

fn format(folder: &Path) -> anyhow::Result<()> {
    let files = files_in(folder, |_| true)?;
    let status = Command::new("rustfmt")
        .arg("--config-path")
        .arg(root())
        .args(files.keys().map(|name| folder.join(name)))
        .status()
        .context("cannot run rustfmt")?;
    ensure!(status.success(), "rustfmt failed on the generated code");
    Ok(())
}
