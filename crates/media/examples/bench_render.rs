//! What a render costs, beside one hand-written ffmpeg command that makes the same file and beside decoding alone.
//!
//! `bench_render [CLIP]`: two sources of 15 s are made, from the clip (repeated) or from a moving fractal. Each is
//! rendered in turn by the three contestants, three rounds, and the cheapest round of each counts: the machine is
//! shared, and what disturbs a round only adds to it. "Ours" is everything a job does: checks, probe, plan, render.

use std::{
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use avvivo_media::{EditSpec, Settings, Transcoder, VideoPlan};
use tokio_util::sync::CancellationToken;

const ROUNDS: usize = 3;
/// The most CPU time we may take, in parts of the hand-written command's.
const GOAL: f64 = 1.05;

/// The encoder of the hand-written commands: what the specification asks of every video, on as many threads as ours.
const ENCODER: &str = "-c:v libx264 -preset veryfast -profile:v high -level 4.0 -crf 23 -maxrate 5200k -bufsize 10400k \
    -g 60 -pix_fmt yuv420p -threads 2 -c:a copy -movflags +faststart";

/// One kind of source and what an expert would type for it.
struct Case {
    name: &'static str,
    /// How the source is made of the material.
    source: &'static str,
    /// The filters of the hand-written command, to `[v]` and `[t]`.
    graph: &'static str,
}

const CASES: [Case; 2] = [
    Case {
        name: "portrait 1080x1920, too many bits to copy",
        source: "crop=ih*9/16:ih,scale=1080:1920:flags=lanczos,unsharp",
        graph: "[0:v]split[v][s];[s]trim=1,scale=720:-2:flags=lanczos,format=yuvj420p[t]",
    },
    Case {
        name: "landscape 1280x720 on blur",
        source: "scale=1280:720:flags=lanczos",
        graph: "[0:v]split[b][f];[b]crop=406:720,scale=180:320,boxblur=4:8,\
            lutyuv=y=16+(val-16)*0.4524:u=128+(val-128)*0.407:v=128+(val-128)*0.407,scale=1080:1920:flags=bilinear[bg];\
            [f]scale=1080:608:flags=lanczos[fg];[bg][fg]overlay=0:656,setsar=1,split[v][s];\
            [s]trim=1,scale=720:-2:flags=lanczos,format=yuvj420p[t]",
    },
];

#[derive(Clone, Copy)]
struct Cost {
    cpu: Duration,
    wall: Duration,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let clip = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder()?;
    let transcoder = Transcoder::start(Settings::default()).await?;
    let mut out = std::io::stdout();
    writeln!(
        out,
        "15 s, {:?}, best of {ROUNDS} rounds",
        transcoder.isolation()
    )?;
    for case in CASES {
        let source = folder.path().join("source.mp4");
        make(clip.as_deref(), case.source, &source)?;
        let [decode, by_hand, ours] = contest(&transcoder, &case, &source).await?;
        writeln!(
            out,
            "\n{:<44} {:>8} {:>8} {:>9} {:>9}",
            case.name, "CPU s", "wall s", "/by hand", "/decode"
        )?;
        for (name, cost) in [
            ("decode alone", decode),
            ("by hand", by_hand),
            ("ours", ours),
        ] {
            writeln!(
                out,
                "{name:<44} {:>8.2} {:>8.2} {:>9.3} {:>9.2}",
                cost.cpu.as_secs_f64(),
                cost.wall.as_secs_f64(),
                ratio(cost, by_hand),
                ratio(cost, decode),
            )?;
        }
        let verdict = if ratio(ours, by_hand) <= GOAL {
            "reached"
        } else {
            "missed"
        };
        writeln!(out, "goal: CPU of ours / by hand <= {GOAL}: {verdict}")?;
    }
    Ok(())
}

/// A folder that goes away, and that ffmpeg gets into, whoever it runs as.
fn folder() -> std::io::Result<tempfile::TempDir> {
    tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempdir()
}

fn ratio(one: Cost, other: Cost) -> f64 {
    one.cpu.as_secs_f64() / other.cpu.as_secs_f64()
}

/// Runs the three in turn, and keeps the cheapest round of each.
async fn contest(transcoder: &Transcoder, case: &Case, source: &Path) -> anyhow::Result<[Cost; 3]> {
    let mut best: Option<[Cost; 3]> = None;
    for _ in 0..ROUNDS {
        let decode =
            measured(async { ffmpeg("-threads 2", source, "-map 0:v -f null -", &[]) }).await?;
        let by_hand = measured(async { typed(case, source) }).await?;
        let ours = measured(render(transcoder, source)).await?;
        let round = [decode, by_hand, ours];
        best = Some(best.map_or(round, |best| {
            let mut pairs = best.into_iter().zip(round);
            [(); 3].map(|()| {
                pairs.next().map_or(
                    decode,
                    |(one, other)| if one.cpu < other.cpu { one } else { other },
                )
            })
        }));
    }
    best.context("no rounds")
}

async fn render(transcoder: &Transcoder, source: &Path) -> anyhow::Result<()> {
    let folder = folder()?;
    let cancel = CancellationToken::new();
    let probe = transcoder.probe_video(source, &cancel).await?;
    let plan = VideoPlan::new(probe, EditSpec::default(), None, transcoder.limits())?;
    let reel = transcoder
        .render_video(&plan, folder.path(), |_| {}, &cancel)
        .await?;
    ensure!(!reel.copied, "the source was copied");
    Ok(())
}

fn typed(case: &Case, source: &Path) -> anyhow::Result<()> {
    let folder = folder()?;
    let (video, thumbnail) = (
        folder.path().join("video.mp4"),
        folder.path().join("thumbnail.jpg"),
    );
    let graph = ["-filter_complex", case.graph];
    let video = [
        "-map [v] -map 0:a -r 30",
        ENCODER,
        &video.display().to_string(),
    ]
    .join(" ");
    let thumbnail = format!(
        "-map [t] -frames:v 1 -q:v 3 -update 1 {}",
        thumbnail.display()
    );
    ffmpeg(
        "-threads 2",
        source,
        &format!("{video} {thumbnail}"),
        &graph,
    )
}

/// Fifteen seconds of the clip, or of a fractal, with sound, at a rate that no output has.
fn make(clip: Option<&Path>, filter: &str, source: &Path) -> anyhow::Result<()> {
    let material = clip.unwrap_or(Path::new("mandelbrot=s=1280x720:r=30"));
    let before = if clip.is_some() {
        "-stream_loop -1"
    } else {
        "-f lavfi"
    };
    let encoder = "-f lavfi -i sine=r=48000 -map 0:v -map 1:a -t 15 -r 30 -c:v libx264 -preset veryfast -b:v 12M \
        -pix_fmt yuv420p -c:a aac -b:a 128k -ac 2";
    ffmpeg(
        before,
        material,
        &format!("{encoder} {}", source.display()),
        &["-vf", filter],
    )
}

fn ffmpeg(before: &str, input: &Path, after: &str, graph: &[&str]) -> anyhow::Result<()> {
    // `-vf` belongs to the output, so it comes after every input; a complex graph may stand anywhere.
    let mut after: Vec<&str> = after.split_whitespace().collect();
    let at = after
        .iter()
        .position(|word| *word == "-map")
        .unwrap_or_default();
    after.splice(at..at, graph.iter().copied());
    let status = Command::new("/usr/bin/ffmpeg")
        .args(["-v", "error", "-nostdin", "-y"])
        .args(before.split_whitespace())
        .arg("-i")
        .arg(input)
        .args(after)
        .status()?;
    ensure!(status.success(), "ffmpeg failed");
    Ok(())
}

/// The CPU time of this process and of the children it waited for, and the time on the wall, of some work.
async fn measured(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<Cost> {
    let (cpu, start) = (cpu_time()?, Instant::now());
    work.await?;
    Ok(Cost {
        cpu: cpu_time()?.saturating_sub(cpu),
        wall: start.elapsed(),
    })
}

fn cpu_time() -> anyhow::Result<Duration> {
    /// Ticks a second in `/proc`, part of the kernel's interface (`USER_HZ`).
    const TICKS: u64 = 100;
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').context("no process name")?;
    // User and system time of ours, then of reaped children: fields 14 to 17 of the line.
    let ticks = fields
        .split_whitespace()
        .skip(11)
        .take(4)
        .map(str::parse::<u64>)
        .sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 1000 / TICKS))
}
