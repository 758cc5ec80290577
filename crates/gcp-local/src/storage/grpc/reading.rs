//! `BidiReadObject`: one open object, many ranges, asked for while others are still arriving.

use bytes::BytesMut;
use futures::Stream;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::convert::{self, bucket_name, generation};
use super::messages as pb;
use crate::storage::Storage;
use crate::storage::error::StorageError;
use crate::storage::object::Object;
use crate::storage::precondition::Preconditions;
use crate::wire::{ApiError, Code};

/// Google's bound on the content of one message.
const MESSAGE_BYTES: u64 = 2 << 20;

/// Messages that may wait for a slow reader: it is the reader's pace that counts.
const WAITING_MESSAGES: usize = 2;

type Answer = Result<pb::BidiReadObjectResponse, Status>;

/// Answers the first request with the object's metadata and everything after with ranges of it.
pub(super) async fn read(
    storage: Storage,
    mut calls: Streaming<pb::BidiReadObjectRequest>,
) -> Result<impl Stream<Item = Answer> + Send + 'static, ApiError> {
    let first = calls
        .message()
        .await
        .map_err(|status| broken(&status))?
        .unwrap_or_default();
    let spec = first.read_object_spec.unwrap_or_default();
    let preconditions = Preconditions {
        generation_match: spec.if_generation_match,
        generation_not_match: spec.if_generation_not_match,
        metageneration_match: spec.if_metageneration_match,
        metageneration_not_match: spec.if_metageneration_not_match,
    };
    let (bucket, version) = (bucket_name(&spec.bucket)?, generation(spec.generation));
    let object = storage
        .engine
        .object(&bucket, &spec.object, version, preconditions)
        .await?;
    let (object, file) = storage.engine.open_object(object, |_| Ok(0)).await?;
    let (sender, answers) = mpsc::channel(WAITING_MESSAGES);
    let reader = Reader {
        object,
        file,
        sender,
    };
    let stop = storage.stop.clone();
    storage.background.spawn(async move {
        tokio::select! {
            () = reader.run(first.read_ranges, calls) => {}
            () = stop.cancelled() => {}
        }
    });
    Ok(ReceiverStream::new(answers))
}

struct Reader {
    object: Object,
    file: tokio::fs::File,
    sender: mpsc::Sender<Answer>,
}

/// Why a reader stops before its client does.
enum Stop {
    ClientLeft,
    Failed(ApiError),
}

impl<E: Into<StorageError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(ApiError::from(error.into()))
    }
}

impl Reader {
    async fn run(
        mut self,
        ranges: Vec<pb::ReadRange>,
        calls: Streaming<pb::BidiReadObjectRequest>,
    ) {
        if let Err(Stop::Failed(error)) = self.answer(ranges, calls).await {
            // Nobody may be listening any more.
            drop(self.sender.send(Err(error.into())).await);
        }
    }

    async fn answer(
        &mut self,
        ranges: Vec<pb::ReadRange>,
        mut calls: Streaming<pb::BidiReadObjectRequest>,
    ) -> Result<(), Stop> {
        let metadata = Some(convert::object(&self.object));
        self.send(pb::BidiReadObjectResponse {
            metadata,
            ..Default::default()
        })
        .await?;
        let mut ranges = ranges;
        loop {
            for range in std::mem::take(&mut ranges) {
                self.range(range).await?;
            }
            match calls.message().await {
                Ok(Some(call)) => ranges = call.read_ranges,
                Ok(None) | Err(_) => return Ok(()),
            }
        }
    }

    /// Sends a range, message by message; its last says so.
    async fn range(&mut self, range: pb::ReadRange) -> Result<(), Stop> {
        let (mut position, end) = self.resolve(range).map_err(Stop::Failed)?;
        self.file.seek(std::io::SeekFrom::Start(position)).await?;
        loop {
            let length = (end - position).min(MESSAGE_BYTES);
            let content = self.take(length).await?;
            let read_range = pb::ReadRange {
                read_offset: convert::size(position),
                read_length: convert::size(length),
                read_id: range.read_id,
            };
            position += length;
            let crc32c = Some(crc32c::crc32c(&content));
            let data = pb::ObjectRangeData {
                checksummed_data: Some(pb::ChecksummedData { content, crc32c }),
                read_range: Some(read_range),
                range_end: position == end,
            };
            self.send(pb::BidiReadObjectResponse {
                object_data_ranges: vec![data],
                metadata: None,
            })
            .await?;
            if position == end {
                return Ok(());
            }
        }
    }

    /// Offsets in the object; what reaches past its end is cut there.
    fn resolve(&self, range: pb::ReadRange) -> Result<(u64, u64), ApiError> {
        let size = self.object.size;
        let beyond = || ApiError::new(Code::OutOfRange, "The range starts past the object's end.");
        let start = match u64::try_from(range.read_offset) {
            Ok(offset) => offset,
            Err(_) => size.saturating_sub(range.read_offset.unsigned_abs()),
        };
        if start > size {
            return Err(beyond());
        }
        let end = match u64::try_from(range.read_length) {
            Ok(0) => size,
            Ok(length) => start.saturating_add(length).min(size),
            Err(_) => return Err(ApiError::invalid("A range has no negative length.")),
        };
        Ok((start, end))
    }

    async fn take(&mut self, length: u64) -> std::io::Result<bytes::Bytes> {
        let mut content = BytesMut::zeroed(usize::try_from(length).map_err(std::io::Error::other)?);
        self.file.read_exact(&mut content).await?;
        Ok(content.freeze())
    }

    async fn send(&self, answer: pb::BidiReadObjectResponse) -> Result<(), Stop> {
        self.sender
            .send(Ok(answer))
            .await
            .map_err(|_| Stop::ClientLeft)
    }
}

fn broken(status: &Status) -> ApiError {
    ApiError::invalid(format!("The request stream broke: {}", status.message()))
}
