//! The client for browsers, whose tests are its own.

use std::process::Command;

#[test]
fn the_client_for_browsers_passes_its_tests() {
    let tests = Command::new("node")
        .args(["--test", "--test-reporter=tap", "avvivo-realtime.test.js"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/client"))
        .output()
        .expect("there is no node on the PATH, so nothing was tested. Install it with: scripts/setup test");
    let said = String::from_utf8_lossy(&tests.stdout);
    assert!(tests.status.success(), "{said}");
    // A file that is not found is a success, to some versions.
    assert!(
        said.contains("# pass ") && !said.contains("# pass 0"),
        "{said}"
    );
}
