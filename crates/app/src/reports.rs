//! Reports of our testers: pages that a tool writes, and that people read.

use avvivo_domain::reports::{self, MAX_REPORT_BYTES, ReportError, ReportFrom};
use avvivo_ports::{Content, ObjectPath, StoreError, Upload};
use bytes::Bytes;

use crate::{AppError, Deps};

/// At its own address a report is text: a page of a stranger's would act in the name of whoever else is there.
const AS_TEXT: &str = "text/plain; charset=utf-8";
const NOT_KEPT: &str = "private, no-cache";

/// A report that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReport {
    /// The object's name.
    pub path: String,
    /// The address of its text.
    pub raw_url: String,
}

/// Stores a report.
pub async fn store(
    deps: &Deps,
    from: ReportFrom<'_>,
    name: &str,
    bytes: Bytes,
) -> Result<StoredReport, AppError> {
    let path = ObjectPath::new(reports::object_name(from, name, deps.now()));
    let upload = Upload {
        content: Content::Bytes(bytes),
        path: path.clone(),
        content_type: AS_TEXT,
        cache_control: NOT_KEPT,
    };
    deps.reports_store.upload(upload).await?;
    Ok(StoredReport {
        raw_url: deps.reports_store.public_url(&path),
        path: path.as_str().to_owned(),
    })
}

/// The report at a path that somebody asks for.
pub async fn read(deps: &Deps, asked: Option<&str>) -> Result<Bytes, AppError> {
    let path = ObjectPath::new(reports::read_path(asked)?);
    let found = deps.reports_store.read(&path, MAX_REPORT_BYTES).await;
    found.map_err(|error| match error {
        StoreError::Missing { .. } | StoreError::TooLarge { .. } => ReportError::NotFound.into(),
        other => other.into(),
    })
}
