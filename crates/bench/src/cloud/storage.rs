//! Objects in and out, beside the disk.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use bytes::Bytes;
use google_cloud_auth::credentials::anonymous;
use google_cloud_storage::{
    client::{Storage, StorageControl},
    model::Bucket,
};

use crate::{
    report::Table,
    sample::{Millis, Sample, megabytes_per_second},
};

const BUCKET: &str = "projects/_/buckets/bench-media";
const SMALL_BYTES: usize = 1 << 20;
const SMALL_COUNT: usize = 60;
const LARGE_BYTES: usize = 100 << 20;
/// The best of so many counts for the large one.
const LARGE_ROUNDS: usize = 3;

/// What was found of one way to store.
struct Way {
    put: Sample,
    get: Sample,
    large_put: Duration,
    large_get: Duration,
}

/// What was found.
pub(super) struct Found {
    objects: Way,
    files: Way,
}

impl Found {
    pub(super) fn table(&self) -> Table {
        let mut table = Table::new(&[
            "Objects",
            "put 1 MiB p50",
            "p99",
            "get 1 MiB p50",
            "p99",
            "put 100 MiB",
            "get 100 MiB",
        ]);
        for (name, way) in [("gcp-local", &self.objects), ("plain files", &self.files)] {
            let speed = |took| format!("{:.0} MB/s", megabytes_per_second(LARGE_BYTES, took));
            table.row([
                name.to_owned(),
                Millis(way.put.median()).to_string(),
                Millis(way.put.percentile(99)).to_string(),
                Millis(way.get.median()).to_string(),
                Millis(way.get.percentile(99)).to_string(),
                speed(way.large_put),
                speed(way.large_get),
            ]);
        }
        table
    }
}

/// Asks the Cloud Storage at `endpoint`, and writes files into `folder`.
pub(super) async fn measure(endpoint: &str, folder: &Path) -> anyhow::Result<Found> {
    let nobody = || anonymous::Builder::new().build();
    let control = StorageControl::builder().with_endpoint(endpoint);
    let control = control.with_credentials(nobody()).build().await?;
    let bucket = Bucket::new().set_project("projects/bench");
    let create = control.create_bucket().set_parent("projects/_");
    create
        .set_bucket_id("bench-media")
        .set_bucket(bucket)
        .send()
        .await?;
    let storage = Storage::builder().with_endpoint(endpoint);
    let storage = storage.with_credentials(nobody()).build().await?;
    let large = noise(LARGE_BYTES);
    // One of each that does not count: it opens connections.
    put(&storage, "warm", large.slice(..SMALL_BYTES)).await?;
    Ok(Found {
        objects: objects(&storage, &large).await?,
        files: files(folder, &large)?,
    })
}

async fn objects(storage: &Storage, large: &Bytes) -> anyhow::Result<Way> {
    let (mut puts, mut gets) = (Vec::new(), Vec::new());
    for number in 0..SMALL_COUNT {
        let name = format!("small-{number}");
        puts.push(put(storage, &name, large.slice(..SMALL_BYTES)).await?);
    }
    for number in 0..SMALL_COUNT {
        gets.push(get(storage, &format!("small-{number}"), SMALL_BYTES).await?);
    }
    let (mut large_put, mut large_get) = (Duration::MAX, Duration::MAX);
    for _ in 0..LARGE_ROUNDS {
        large_put = large_put.min(put(storage, "large", large.clone()).await?);
        large_get = large_get.min(get(storage, "large", LARGE_BYTES).await?);
    }
    way(puts, gets, large_put, large_get)
}

async fn put(storage: &Storage, name: &str, body: Bytes) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let write = storage.write_object(BUCKET, name, body);
    // Boxed, because the client's own future is large.
    Box::pin(write.send_unbuffered()).await?;
    Ok(began.elapsed())
}

async fn get(storage: &Storage, name: &str, bytes: usize) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let mut reading = storage.read_object(BUCKET, name).send().await?;
    let mut read = 0;
    while let Some(part) = reading.next().await {
        read += part?.len();
    }
    anyhow::ensure!(read == bytes, "{read} of {bytes} bytes came back");
    Ok(began.elapsed())
}

fn files(folder: &Path, large: &Bytes) -> anyhow::Result<Way> {
    let small = large.slice(..SMALL_BYTES);
    let (mut puts, mut gets) = (Vec::new(), Vec::new());
    for number in 0..SMALL_COUNT {
        puts.push(write_file(&folder.join(format!("small-{number}")), &small)?);
    }
    for number in 0..SMALL_COUNT {
        gets.push(read_file(&folder.join(format!("small-{number}")))?);
    }
    let (mut large_put, mut large_get) = (Duration::MAX, Duration::MAX);
    let file = folder.join("large");
    for _ in 0..LARGE_ROUNDS {
        large_put = large_put.min(write_file(&file, large)?);
        large_get = large_get.min(read_file(&file)?);
    }
    way(puts, gets, large_put, large_get)
}

fn write_file(path: &Path, bytes: &[u8]) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(began.elapsed())
}

fn read_file(path: &Path) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let mut bytes = Vec::new();
    File::open(path)?.read_to_end(&mut bytes)?;
    Ok(began.elapsed())
}

fn way(
    puts: Vec<Duration>,
    gets: Vec<Duration>,
    large_put: Duration,
    large_get: Duration,
) -> anyhow::Result<Way> {
    Ok(Way {
        put: Sample::new(puts).context("nothing was written")?,
        get: Sample::new(gets).context("nothing was read")?,
        large_put,
        large_get,
    })
}

/// Bytes that nothing can shorten.
fn noise(length: usize) -> Bytes {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}
