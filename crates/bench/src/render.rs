//! A render beside one hand-written ffmpeg command: `scripts/benches/render` measures it, here its table is read.

use std::process::Stdio;

use anyhow::Context as _;
use tokio::process::Command;

use crate::{
    checkout, progress,
    report::{Bound, Goal, Report},
};

/// The most CPU time we may take, in parts of the hand-written command's.
const GOAL: f64 = 1.05;

pub(crate) async fn run() -> anyhow::Result<Report> {
    progress("render: some minutes of ffmpeg …");
    let ended = Command::new(checkout::at("scripts/benches/render"))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .context("cannot run scripts/benches/render")?;
    anyhow::ensure!(ended.status.success(), "it ended with {}", ended.status);
    let text = String::from_utf8(ended.stdout)?;
    let mut report = Report::new("render", "Render");
    report.note(
        "Ours is the checks, the probe, the plan and the render. A job's download, upload and lease are left out, for the \
         command has none:",
    );
    report.note(format!("```text\n{}\n```", text.trim()));
    let ratios = ratios(&text);
    anyhow::ensure!(!ratios.is_empty(), "it printed no table");
    for (case, found) in ratios {
        report.goal(Goal {
            what: format!("render, CPU of ours / by hand: {case}"),
            found,
            bound: Bound::AtMost(GOAL),
            unit: "",
        });
    }
    Ok(report)
}

/// What each table's line "ours" says of the hand-written command's CPU time.
fn ratios(text: &str) -> Vec<(String, f64)> {
    let mut case = String::new();
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some((title, _)) = line.split_once(" CPU s") {
            title.trim().clone_into(&mut case);
        }
        // Name, CPU time, time on the wall, then the ratio.
        let mut words = line.split_whitespace();
        if words.next() == Some("ours")
            && let Some(ratio) = words.nth(2).and_then(|word| word.parse().ok())
        {
            found.push((case.clone(), ratio));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::ratios;

    #[test]
    fn the_line_of_ours_is_read_under_its_title() {
        let text = "15 s, best of 3 rounds\n\nportrait    CPU s   wall s  /by hand  /decode\n\
            decode alone  1.0  0.5  0.1  1.0\nby hand  10.0  5.0  1.000  10.0\nours  10.3  5.2  1.030  10.3\n";
        assert_eq!(ratios(text), [("portrait".to_owned(), 1.03)]);
    }
}
