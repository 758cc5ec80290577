//! Cloud Storage: buckets and objects, durable below the data folder.
//!
//! [`engine`] is the store; three doors lead to it. [`json`] and [`grpc`] are for programs and trust
//! whoever reaches the port, but pages in browsers. [`xml`], whose paths are `/bucket/object`, is for browsers, and lets
//! nobody in without a signature, unless the bucket or the object is public.

mod blob;
mod bucket;
mod catalog;
mod checksum;
mod content_range;
mod cors;
mod download;
mod engine;
mod error;
mod grpc;
mod json;
mod length_range;
mod names;
mod object;
mod precondition;
mod range;
mod resumption;
mod service_account;
mod sessions;
mod signature;
mod xml;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use http::HeaderMap;
use http::header::ORIGIN;

pub(crate) use service_account::ServiceAccount;

use crate::pages;
use crate::server::StartError;
use crate::state::State;
use blob::Blobs;
use cors::CorsRule;
use engine::Engine;

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Storage {
    engine: Engine,
    account: ServiceAccount,
    /// Scheme and authority under which clients reach this server.
    base: Arc<str>,
    project: Arc<str>,
    /// Runs the answers of streaming calls until their client leaves or the server stops.
    background: tokio_util::task::TaskTracker,
    stop: tokio_util::sync::CancellationToken,
}

impl Storage {
    /// The rules that a bucket has for a request from another origin: none for other requests, and
    /// none of a bucket that does not exist.
    async fn cors(&self, bucket: &str, request: &HeaderMap) -> Vec<CorsRule> {
        if !request.contains_key(ORIGIN) {
            return Vec::new();
        }
        match self.engine.bucket(bucket).await {
            Ok(bucket) => bucket.settings.cors,
            Err(_) => Vec::new(),
        }
    }
}

/// Opens the store below the data folder and serves it.
pub(crate) async fn routes(state: &State) -> Result<Router, StartError> {
    let failed = |error| StartError::new("open its object store", error);
    let folder = state.data_dir.join("storage");
    let blobs = Blobs::open(&folder, state.background.clone())
        .map_err(|error| failed(error::StorageError::from(error)))?;
    let engine = Engine::open(state.store.clone(), blobs, state.clock.clone())
        .await
        .map_err(failed)?;
    let storage = Storage {
        engine,
        account: state.service_account.clone(),
        base: state.public_url.clone(),
        project: state.project.clone(),
        background: state.background.clone(),
        stop: state.stop.clone(),
    };
    Ok(Router::new()
        .merge(json::routes(storage.clone()))
        .merge(grpc::routes(storage.clone()).layer(from_fn(pages::refuse)))
        .merge(xml::routes(storage)))
}
