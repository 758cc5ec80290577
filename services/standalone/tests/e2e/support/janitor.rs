//! The end of platforms in the background, which are nobody's children.

use std::{collections::BTreeMap, fs, path::Path};

use avvivo_local_servers::PrivateProcess;
use tempfile::TempDir;

use super::programs::STANDALONE;

/// Waits for the end of this process, and then ends what runs over a folder. It knows the folder from a file, because a test
/// asks which processes name it.
const SCRIPT: &str = r#"
trap 'kill "$!"; exec "$1" dev --reset --data "$(cat "$2")"' TERM
sleep infinity &
wait "$!"
"#;

/// Ends the platform of one folder when the test is killed. A test that ends by itself does so itself.
pub(crate) struct Janitor {
    _process: PrivateProcess,
    _home: TempDir,
}

impl Janitor {
    pub(crate) fn of(data: &Path) -> Self {
        let home = tempfile::tempdir().unwrap();
        let note = home.path().join("folder");
        fs::write(&note, data.to_str().unwrap()).unwrap();
        let arguments = vec![
            "-c".into(),
            SCRIPT.into(),
            "janitor".into(),
            STANDALONE.into(),
            note.into(),
        ];
        let process = PrivateProcess::start(
            home.path(),
            "janitor",
            "/bin/sh".into(),
            arguments,
            BTreeMap::new(),
        );
        Self {
            _process: process.unwrap(),
            _home: home,
        }
    }
}
