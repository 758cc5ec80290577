//! `proto-compat`: today's contracts against those that were last accepted.
//!
//! Two versions of every service run side by side during each rollout, and messages wait in queues meanwhile. So what
//! was once accepted may grow but not change.

use std::fs;

use anyhow::{Context, bail, ensure};
use prost_reflect::DescriptorPool;

use crate::{
    checkout::{at, say},
    compat::{additions, breaks},
    contracts::compile,
};

const BASELINE: &str = "proto/baseline.binpb";

/// Fails when today's contracts break what the baseline promised, or when it has not been told of some.
pub(crate) fn check() -> anyhow::Result<()> {
    let path = at(BASELINE);
    let bytes = fs::read(&path).with_context(|| {
        format!("no {BASELINE}; make it with `cargo xtask proto-compat --accept`")
    })?;
    let old = DescriptorPool::decode(bytes.as_slice()).context("the baseline cannot be read")?;
    let new = compile()?.descriptor_pool();
    let found = breaks(&old, &new);
    if found.is_empty() {
        // What the baseline has never heard of could be changed tomorrow without anybody noticing.
        let unknown = additions(&old, &new);
        ensure!(
            unknown.is_empty(),
            "{BASELINE} lacks what proto/ has; run `cargo xtask proto-compat --accept`:\n{}",
            unknown.join("\n")
        );
        say("proto-compat: nothing that was promised has changed")?;
        return Ok(());
    }
    bail!(
        "contracts that are in use have changed:\n{}\nadd beside them instead; or, when nothing deployed speaks them, \
         run `cargo xtask proto-compat --accept`",
        found.join("\n")
    )
}

/// Makes today's contracts the baseline.
pub(crate) fn accept() -> anyhow::Result<()> {
    let mut compiler = compile()?;
    // Comments and line numbers promise nothing.
    compiler.include_source_info(false);
    fs::write(at(BASELINE), compiler.encode_file_descriptor_set())?;
    say(&format!("{BASELINE}: written"))?;
    Ok(())
}
