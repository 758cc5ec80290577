//! The contract of [`ObjectStore`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use avvivo_ports::{
    Content, ObjectMeta, ObjectPath, ObjectStore, SignedUpload, StoreError, Upload, UploadGrant,
};
use reqwest::StatusCode;
use tempfile::TempDir;

use super::fresh;

const PLENTY: u64 = 1 << 30;

pub(crate) struct Files {
    folder: TempDir,
}

impl Files {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    pub(crate) fn with(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

pub(crate) fn object(name: &str) -> ObjectPath {
    ObjectPath::new(format!("{}/{name}", fresh("contract")))
}

async fn upload(
    store: &dyn ObjectStore,
    file: &Path,
    path: &ObjectPath,
) -> Result<ObjectMeta, StoreError> {
    let upload = Upload {
        content: Content::File(file),
        path: path.clone(),
        content_type: "video/mp4",
        cache_control: "public, max-age=31536000, immutable",
    };
    store.upload(upload).await
}

/// Bytes that no compression and no off-by-one survives.
fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let words = std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(size).collect()
}

pub(crate) async fn what_is_uploaded_can_be_read_listed_and_deleted(store: &dyn ObjectStore) {
    let files = Files::new();
    // Small, empty, and large enough for an upload in parts.
    for size in [12_345, 0, 20 * 1024 * 1024 + 7] {
        let bytes = noise(size);
        let path = object("salida final ñ.mp4");
        let file = files.with("out", &bytes);
        let meta = upload(store, &file, &path).await.unwrap();
        assert_eq!(meta.size_bytes, u64::try_from(size).unwrap());
        assert_eq!(meta.content_type, "video/mp4");
        assert_eq!(store.stat(&path).await.unwrap(), Some(meta.clone()));

        let copy = files.path(&fresh("copy"));
        let read = store.download(&path, meta.generation, PLENTY, &copy).await;
        assert_eq!(read.unwrap(), meta.size_bytes);
        assert!(
            std::fs::read(&copy).unwrap() == bytes,
            "{size} bytes differ"
        );

        let (folder, _) = path.as_str().split_once('/').unwrap();
        assert_eq!(
            store.list(folder, 10).await.unwrap(),
            std::slice::from_ref(&path)
        );
        store.delete(&path).await.unwrap();
        assert_eq!(store.stat(&path).await.unwrap(), None);
        store.delete(&path).await.unwrap();
    }
}

pub(crate) async fn a_repeated_upload_is_adopted_and_a_different_one_refused(
    store: &dyn ObjectStore,
) {
    let files = Files::new();
    let path = object("once.mp4");
    let ours = files.with("ours", b"the same bytes");
    let theirs = files.with("theirs", b"other bytes!!!");
    let first = upload(store, &ours, &path).await.unwrap();
    assert_eq!(upload(store, &ours, &path).await.unwrap(), first);
    let refused = upload(store, &theirs, &path).await;
    assert!(
        matches!(refused, Err(StoreError::Refused { .. })),
        "{refused:?}"
    );
    assert_eq!(store.stat(&path).await.unwrap(), Some(first));
}

pub(crate) async fn a_download_stops_at_its_limit(store: &dyn ObjectStore) {
    let files = Files::new();
    let path = object("limit.mp4");
    let file = files.with("file", &noise(100_000));
    let generation = upload(store, &file, &path).await.unwrap().generation;
    let exact = store
        .download(&path, generation, 100_000, &files.path("exact"))
        .await;
    assert_eq!(exact.unwrap(), 100_000);
    let over = store
        .download(&path, generation, 99_999, &files.path("over"))
        .await;
    assert!(
        matches!(
            over,
            Err(StoreError::TooLarge {
                max_bytes: 99_999,
                ..
            })
        ),
        "{over:?}"
    );
}

pub(crate) async fn bytes_in_memory_are_stored_and_read_within_a_limit(store: &dyn ObjectStore) {
    let path = object("logo.png");
    let bytes = bytes::Bytes::from(noise(100_000));
    let put = |bytes: &bytes::Bytes| {
        store.upload(Upload {
            content: Content::Bytes(bytes.clone()),
            path: path.clone(),
            content_type: "image/png",
            cache_control: "public, max-age=31536000, immutable",
        })
    };
    let first = put(&bytes).await.unwrap();
    assert_eq!(
        (first.size_bytes, first.content_type.as_str()),
        (100_000, "image/png")
    );
    assert_eq!(put(&bytes).await.unwrap(), first);
    let refused = put(&bytes.slice(1..)).await;
    assert!(
        matches!(refused, Err(StoreError::Refused { .. })),
        "{refused:?}"
    );
    assert_eq!(store.read(&path, 100_000).await.unwrap(), bytes);
    let over = store.read(&path, 99_999).await;
    assert!(matches!(over, Err(StoreError::TooLarge { .. })), "{over:?}");
    let missing = store.read(&object("none.png"), PLENTY).await;
    assert!(
        matches!(missing, Err(StoreError::Missing { .. })),
        "{missing:?}"
    );
}

pub(crate) async fn a_download_never_overwrites_a_file(store: &dyn ObjectStore) {
    let files = Files::new();
    let path = object("file.mp4");
    let file = files.with("file", b"bytes");
    let generation = upload(store, &file, &path).await.unwrap().generation;
    let there = store.download(&path, generation, PLENTY, &file).await;
    assert!(matches!(there, Err(StoreError::Local(_))), "{there:?}");
    assert_eq!(std::fs::read(&file).unwrap(), b"bytes");
}

pub(crate) async fn a_generation_is_read_or_missing(store: &dyn ObjectStore) {
    let files = Files::new();
    let path = object("pinned.mp4");
    let grant = grant(&path, None);
    for body in ["first", "second"] {
        let signed = store.sign_upload(&grant).await.unwrap();
        assert_eq!(put(&signed, body).await, StatusCode::OK);
    }
    let second = store.stat(&path).await.unwrap().unwrap().generation;
    let copy = files.path("copy");
    store.download(&path, second, PLENTY, &copy).await.unwrap();
    assert_eq!(std::fs::read(&copy).unwrap(), b"second");
    for generation in [second - 1, second + 1, 0, -1] {
        let into = files.path(&fresh("none"));
        let missing = store.download(&path, generation, PLENTY, &into).await;
        assert!(
            matches!(missing, Err(StoreError::Missing { .. })),
            "{missing:?}"
        );
        assert!(!into.exists());
    }
    let nowhere = store
        .download(&object("no"), second, PLENTY, &files.path("no"))
        .await;
    assert!(
        matches!(nowhere, Err(StoreError::Missing { .. })),
        "{nowhere:?}"
    );
}

pub(crate) async fn a_listing_is_ordered_and_bounded(store: &dyn ObjectStore) {
    let files = Files::new();
    let file = files.with("file", b"x");
    let folder = fresh("list");
    for name in ["c", "a", "b/1", "b/2"] {
        upload(store, &file, &ObjectPath::new(format!("{folder}/{name}")))
            .await
            .unwrap();
    }
    let names = async |limit| -> Vec<String> {
        let listed = store.list(&folder, limit).await.unwrap();
        listed
            .iter()
            .map(|path| path.as_str().split_once('/').unwrap().1.to_owned())
            .collect()
    };
    assert_eq!(names(10).await, ["a", "b/1", "b/2", "c"]);
    assert_eq!(names(3).await, ["a", "b/1", "b/2"]);
    assert!(names(0).await.is_empty());
}

pub(crate) fn grant(path: &ObjectPath, size_bytes: Option<u64>) -> UploadGrant {
    UploadGrant {
        path: path.clone(),
        content_type: "video/mp4".to_owned(),
        size_bytes,
        expires_in: Duration::from_mins(10),
    }
}

/// Uploads as a browser does, with the headers it was told.
pub(crate) async fn put(signed: &SignedUpload, body: &'static str) -> StatusCode {
    put_with(&signed.url, &signed.headers, body).await
}

pub(crate) async fn put_with(
    url: &str,
    headers: &[(String, String)],
    body: &'static str,
) -> StatusCode {
    let mut request = reqwest::Client::new().put(url).body(body);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await.unwrap().status()
}

pub(crate) async fn a_signed_upload_is_bound_to_what_was_signed(store: &dyn ObjectStore) {
    let path = object("signed ñ.mp4");
    let signed = store.sign_upload(&grant(&path, Some(5))).await.unwrap();
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let sized = header("x-goog-content-length-range", "5,5");
    assert_eq!(
        signed.headers,
        [header("content-type", "video/mp4"), sized.clone()]
    );

    let refused = [
        (
            vec![header("content-type", "text/html"), sized.clone()],
            "12345",
            "another type",
        ),
        (vec![sized.clone()], "12345", "no type"),
        (
            vec![header("content-type", "video/mp4")],
            "12345",
            "no size",
        ),
        (signed.headers.clone(), "123456", "too long"),
        (signed.headers.clone(), "1234", "too short"),
        (
            vec![
                header("content-type", "video/mp4"),
                header("x-goog-content-length-range", "0,99"),
            ],
            "12345",
            "another size",
        ),
    ];
    for (headers, body, what) in refused {
        let status = put_with(&signed.url, &headers, body).await;
        assert!(status.is_client_error(), "{what}: {status}");
        assert_eq!(store.stat(&path).await.unwrap(), None, "{what}");
    }
    let elsewhere = signed.url.replace(".mp4", ".mp5");
    let status = put_with(&elsewhere, &signed.headers, "12345").await;
    assert_eq!(status, StatusCode::FORBIDDEN);

    assert_eq!(put(&signed, "12345").await, StatusCode::OK);
    let meta = store.stat(&path).await.unwrap().unwrap();
    assert_eq!(
        (meta.size_bytes, meta.content_type.as_str()),
        (5, "video/mp4")
    );
}
