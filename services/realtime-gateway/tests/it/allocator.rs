//! The allocator is built into the program with the settings that its memory was measured with.

use std::process::Command;

#[test]
fn it_has_the_settings_that_were_measured() {
    let program = env!("CARGO_BIN_EXE_avvivo-realtime-gateway");
    let output = Command::new(program)
        .arg("--version")
        .env("_RJEM_MALLOC_CONF", "stats_print:true")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    for setting in [
        "opt.narenas: 1\n",
        "opt.dirty_decay_ms: 10 ",
        "opt.muzzy_decay_ms: 0 ",
        "opt.background_thread: true ",
        "opt.tcache_max: 1024\n",
    ] {
        assert!(told.contains(setting), "no {setting:?} in {told}");
    }
}
