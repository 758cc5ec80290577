//! The programs under test, as the build left them.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// The command.
pub(crate) const STANDALONE: &str = env!("CARGO_BIN_EXE_avvivo-standalone");

const SERVICES: [&str; 4] = [
    "avvivo-api",
    "avvivo-reels-processor",
    "avvivo-scheduler",
    "avvivo-realtime-gateway",
];

const REMEDY: &str = "Build them all with: cargo build --workspace --bins";

/// Fails unless the services' programs are beside the command, and made from the same sources: cargo builds the programs of
/// the package whose tests it runs, and of no other. What has been edited since then is in neither.
pub(crate) fn require_services() {
    let command = modified(Path::new(STANDALONE)).unwrap();
    for service in SERVICES {
        let program = Path::new(STANDALONE).with_file_name(service);
        let Some(built) = modified(&program) else {
            panic!("{} is not built. {REMEDY}", program.display());
        };
        let missed: Vec<PathBuf> = sources(&program)
            .into_iter()
            .filter(|source| {
                modified(source).is_some_and(|edited| built < edited && edited < command)
            })
            .collect();
        assert!(
            missed.is_empty(),
            "{service} was built before {missed:?} was edited, and the command after. {REMEDY}"
        );
    }
}

/// What cargo wrote down beside the program: `program: source source …`, spaces in names escaped.
fn sources(program: &Path) -> Vec<PathBuf> {
    let list = fs::read_to_string(program.with_extension("d")).unwrap();
    let (_, sources) = list.trim().split_once(": ").unwrap();
    let sources = sources.replace("\\ ", "\0");
    sources
        .split(' ')
        .map(|source| source.replace('\0', " ").into())
        .collect()
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).ok()?.modified().ok()
}
