//! Tells the tests whether Google's Pub/Sub emulator can be run here, so that a test for which it
//! is missing shows as ignored instead of passing.

use std::io::Write as _;
use std::path::Path;

const JARS: &str = "/usr/lib/google-cloud-sdk/platform/pubsub-emulator/lib";
const JAVA: &str = "/usr/bin/java";

fn main() -> std::io::Result<()> {
    let mut cargo = std::io::stdout();
    writeln!(cargo, "cargo::rustc-check-cfg=cfg(pubsub_emulator)")?;
    // A missing path would count as changed at every build, so only this file is watched until the
    // emulator is there.
    writeln!(cargo, "cargo::rerun-if-changed=build.rs")?;
    if Path::new(JARS).is_dir() && Path::new(JAVA).exists() {
        writeln!(cargo, "cargo::rerun-if-changed={JARS}")?;
        writeln!(cargo, "cargo::rustc-cfg=pubsub_emulator")?;
    }
    Ok(())
}
