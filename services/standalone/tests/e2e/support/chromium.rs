//! A real browser without a screen, driven over pipes by the `DevTools` protocol: no port that anybody else could find.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use avvivo_testkit::{Seen, wait_for};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::Mutex,
    time::timeout,
};

use super::PATIENCE;

/// What distributions call it.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
];
/// What it needs in a container, and does without.
pub(crate) const SWITCHES: [&str; 7] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
];
/// A cold browser on a busy machine.
const ANSWERS_WITHIN: Duration = Duration::from_secs(90);

/// The browser on the `PATH`.
pub(crate) fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let candidates = NAMES.iter().flat_map(|name| {
        let folders = std::env::split_paths(&path).map(|folder| folder.join(name));
        folders.collect::<Vec<_>>()
    });
    let mut found = candidates.filter(|program| program.is_file());
    found.next().expect(
        "there is no chromium on the PATH, so nothing was looked at. Install it with: scripts/setup test",
    )
}

/// A running browser. It is killed when this is dropped, and leaves its folder then.
pub(crate) struct Browser {
    wire: Arc<Mutex<Wire>>,
    process: Child,
    _profile: TempDir,
}

/// A page in a window of its own, so that it is seen.
pub(crate) struct Page {
    wire: Arc<Mutex<Wire>>,
    session: String,
}

impl Browser {
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        // The protocol is spoken on descriptors 3 and 4, which only a shell can put there without unsafe code.
        let mut process = Command::new("sh")
            .args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null"#])
            .arg(program())
            .args(SWITCHES)
            .arg("--remote-debugging-pipe")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let wire = Wire {
            to: process.stdin.take().unwrap(),
            from: BufReader::new(process.stdout.take().unwrap()),
            asked: 0,
        };
        Self {
            wire: Arc::new(Mutex::new(wire)),
            process,
            _profile: profile,
        }
    }

    /// Ends it in order.
    pub(crate) async fn close(mut self) {
        let mut wire = self.wire.lock().await;
        wire.ask(None, "Browser.close", &json!({})).await;
        drop(wire);
        let ended = timeout(ANSWERS_WITHIN, self.process.wait()).await;
        ended.unwrap().unwrap();
    }

    /// Opens a page in a window of its own.
    pub(crate) async fn open(&self, url: &str, (width, height): (u32, u32)) -> Page {
        let mut wire = self.wire.lock().await;
        let window =
            json!({"url": "about:blank", "newWindow": true, "width": width, "height": height});
        let target = wire.ask(None, "Target.createTarget", &window).await;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = wire.ask(None, "Target.attachToTarget", &attach).await;
        let session = session["sessionId"].as_str().unwrap().to_owned();
        wire.ask(Some(&session), "Page.navigate", &json!({"url": url}))
            .await;
        Page {
            wire: Arc::clone(&self.wire),
            session,
        }
    }
}

impl Page {
    async fn ask(&self, method: &str, parameters: &Value) -> Value {
        let mut wire = self.wire.lock().await;
        wire.ask(Some(&self.session), method, parameters).await
    }

    /// What a JavaScript expression comes to, as JSON.
    pub(crate) async fn evaluate(&self, expression: &str) -> Value {
        let parameters =
            json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let answer = self.ask("Runtime.evaluate", &parameters).await;
        let fault = &answer["exceptionDetails"];
        assert!(fault.is_null(), "{expression}: {fault}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression comes to what it shall.
    pub(crate) async fn comes_to(&self, expression: &str, wanted: &Value) {
        wait_for(expression, PATIENCE, async || {
            let value = self.evaluate(expression).await;
            if value == *wanted {
                Seen::Done(())
            } else {
                Seen::NotYet(value)
            }
        })
        .await;
    }

    /// Clicks on what a selector finds, as soon as it does.
    pub(crate) async fn click(&self, selector: &str) {
        let selector = Value::from(selector);
        let click = format!(
            "(() => {{ const found = document.querySelector({selector}); found?.click(); return Boolean(found) }})()"
        );
        self.comes_to(&click, &true.into()).await;
    }

    /// Types text into what a selector finds, then Enter.
    pub(crate) async fn enter(&self, selector: &str, text: &str) {
        self.write(selector, text).await;
        self.press_enter().await;
    }

    pub(crate) async fn press_enter(&self) {
        let key = |kind: &str| json!({"type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"});
        self.ask("Input.dispatchKeyEvent", &key("keyDown")).await;
        self.ask("Input.dispatchKeyEvent", &key("keyUp")).await;
    }

    /// Types text into what a selector finds.
    pub(crate) async fn write(&self, selector: &str, text: &str) {
        let selector = Value::from(selector);
        self.evaluate(&format!("document.querySelector({selector}).focus()"))
            .await;
        self.ask("Input.insertText", &json!({"text": text})).await;
    }

    /// Keeps what is on the screen.
    pub(crate) async fn screenshot(&self, path: &Path) {
        let picture = self.ask("Page.captureScreenshot", &json!({})).await;
        let png = STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        std::fs::write(path, png).unwrap();
    }
}

/// The pipes. One question at a time, so whatever comes in between are events, for which nobody asked.
struct Wire {
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    asked: u64,
}

impl Wire {
    async fn ask(&mut self, session: Option<&str>, method: &str, parameters: &Value) -> Value {
        self.asked += 1;
        let mut question = json!({"id": self.asked, "method": method, "params": parameters});
        if let Some(session) = session {
            question["sessionId"] = session.into();
        }
        let answered = async {
            let text = format!("{question}\0");
            self.to.write_all(text.as_bytes()).await.unwrap();
            loop {
                let mut said = Vec::new();
                self.from.read_until(0, &mut said).await.unwrap();
                assert!(said.pop().is_some(), "the browser has gone");
                let said: Value = serde_json::from_slice(&said).unwrap();
                if said["id"] == self.asked {
                    return said;
                }
            }
        };
        let answer = timeout(ANSWERS_WITHIN, answered).await;
        let answer = answer.unwrap_or_else(|_| panic!("{method} was not answered in time"));
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].clone()
    }
}
