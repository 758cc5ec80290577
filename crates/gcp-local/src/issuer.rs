//! Mints tokens as Google and Firebase do, publishes the keys to check them with, and keeps Firebase's people.
//!
//! Two key rings, because verifiers fetch two key sets: a token of one style must not pass with
//! the keys of the other. [`claims`] says what is in a token, [`key`] signs it, [`keyring`] knows
//! which keys count, [`minted`] spares signatures, [`metadata`] plays the metadata server of a virtual machine, [`accounts`]
//! is Identity Toolkit.
//!
//! Minting asks for no credentials. Whoever reaches this server can be anyone, which is the point
//! of it and the reason it listens on loopback and its keys are its own.

mod accounts;
mod claims;
mod key;
mod keyring;
mod metadata;
mod minted;
mod rest;
mod rows;

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::Router;
use jsonwebtoken::jwk::JwkSet;
use serde_json::Value;

pub use claims::{FirebaseIdToken, GoogleIdToken};

use crate::clock::Clock;
use crate::server::StartError;
use crate::state::State;
use crate::store::Store;
use key::SigningKey;
use keyring::KeyRing;
use minted::Minted;
use rows::KeyRow;

/// Where the public keys are, as below `https://www.googleapis.com`.
const GOOGLE_KEYS_PATH: &str = "/oauth2/v3/certs";
const FIREBASE_KEYS_PATH: &str = "/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";

/// Why a token could not be minted or a key not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Signing failed.
    #[error("the token could not be signed")]
    Signature,
    /// A key could not be made, read or kept.
    #[error("the signing key is not usable")]
    Key,
    /// `expires_in` is out of bounds.
    #[error("expires_in must be within a day, in seconds")]
    Lifetime,
}

/// Whose tokens a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Google,
    Firebase,
}

impl Style {
    const ALL: [Self; 2] = [Self::Google, Self::Firebase];

    fn name(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Firebase => "firebase",
        }
    }
}

/// Signs tokens for this server's services and their tests. Clones share the keys.
#[derive(Clone)]
pub struct Issuer {
    inner: Arc<Inner>,
}

struct Inner {
    google: RwLock<KeyRing>,
    firebase: RwLock<KeyRing>,
    minted: Mutex<Minted>,
    store: Store,
    clock: Clock,
    public_url: Arc<str>,
    project: Arc<str>,
}

impl Issuer {
    /// Loads the keys, or makes and keeps them at the first start. A server that keeps nothing
    /// makes them when they are first needed.
    pub(crate) async fn open(
        store: &Store,
        clock: &Clock,
        public_url: &Arc<str>,
        project: &Arc<str>,
    ) -> Result<Self, StartError> {
        store.migrate("issuer", rows::MIGRATIONS).await?;
        let now = clock.now();
        let read = move |db: &_| Ok((rows::keys(db, now)?, rows::outlive_the_process(db)));
        let (kept, durable) = store.read(read).await?;
        let (google, firebase) = if durable {
            let rings = tokio::try_join!(
                open_ring(store, clock, Style::Google, &kept),
                open_ring(store, clock, Style::Firebase, &kept),
            );
            rings.map_err(|error| StartError::new("use its signing keys", error))?
        } else {
            (KeyRing::lazy(), KeyRing::lazy())
        };
        Ok(Self {
            inner: Arc::new(Inner {
                google: RwLock::new(google),
                firebase: RwLock::new(firebase),
                minted: Mutex::default(),
                store: store.clone(),
                clock: clock.clone(),
                public_url: Arc::clone(public_url),
                project: Arc::clone(project),
            }),
        })
    }

    /// A token as Google signs for a service account, valid for most of an hour: one minted within
    /// the last minutes is given again.
    pub fn google_id_token(&self, account: &str, audience: &str) -> Result<String, TokenError> {
        let now = self.inner.clock.now();
        let recent = || {
            self.inner
                .minted
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(token) = recent().get(account, audience, now) {
            return Ok(token);
        }
        let token = self.mint_google(&GoogleIdToken {
            email: account.to_owned(),
            audience: audience.to_owned(),
            ..GoogleIdToken::default()
        })?;
        recent().put(account, audience, now, &token);
        Ok(token)
    }

    /// A token as Google signs for a service account, with a say in every claim.
    pub fn mint_google(&self, token: &GoogleIdToken) -> Result<String, TokenError> {
        self.sign(Style::Google, &token.claims(self.inner.clock.now())?)
    }

    /// A token as Firebase Authentication signs for a user.
    pub fn firebase_id_token(&self, token: &FirebaseIdToken) -> Result<String, TokenError> {
        self.sign(
            Style::Firebase,
            &token.claims(&self.inner.project, self.inner.clock.now())?,
        )
    }

    /// An OAuth access token as the metadata server gives: opaque, and good for nothing but local
    /// servers, which do not ask.
    pub fn access_token(&self) -> String {
        format!("ya29.local-{:032x}", rand::random::<u128>())
    }

    /// Where the keys of Google-style tokens are published.
    pub fn google_jwks_url(&self) -> String {
        format!("{}{GOOGLE_KEYS_PATH}", self.inner.public_url)
    }

    /// Where the keys of Firebase-style tokens are published.
    pub fn firebase_jwks_url(&self) -> String {
        format!("{}{FIREBASE_KEYS_PATH}", self.inner.public_url)
    }

    /// The value of `GCE_METADATA_HOST` with which a process gets tokens of this service account.
    pub fn metadata_host(&self, account: &str) -> String {
        let (_, authority) = self.inner.public_url.split_once("://").unwrap_or_default();
        format!("{authority}/as/{account}")
    }

    /// Makes new keys that sign from now on. The former ones stay published until every token
    /// they signed has expired.
    pub async fn rotate(&self) -> Result<(), TokenError> {
        for style in Style::ALL {
            let key = keep_new_key(&self.inner.store, &self.inner.clock, style).await?;
            let mut ring = self
                .ring(style)
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            ring.rotate(key, self.inner.clock.now());
        }
        let minted = self.inner.minted.lock();
        minted.unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    fn ring(&self, style: Style) -> &RwLock<KeyRing> {
        match style {
            Style::Google => &self.inner.google,
            Style::Firebase => &self.inner.firebase,
        }
    }

    fn sign(&self, style: Style, claims: &Value) -> Result<String, TokenError> {
        let ring = self
            .ring(style)
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let key = Arc::clone(ring.current()?);
        drop(ring);
        key.sign(claims)
    }

    fn published(&self, style: Style) -> Result<JwkSet, TokenError> {
        let now = self.inner.clock.now();
        self.ring(style)
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .published(now)
    }
}

async fn open_ring(
    store: &Store,
    clock: &Clock,
    style: Style,
    kept: &[KeyRow],
) -> Result<KeyRing, TokenError> {
    let own = || kept.iter().filter(|row| row.style == style.name());
    let current = match own().find(|row| row.published_until.is_none()) {
        Some(row) => Arc::new(SigningKey::from_pem(row.pem.clone())?),
        None => keep_new_key(store, clock, style).await?,
    };
    let mut ring = KeyRing::new(current);
    for row in own() {
        if let Some(until) = row.published_until {
            ring.add_retired(Arc::new(SigningKey::from_pem(row.pem.clone())?), until);
        }
    }
    Ok(ring)
}

async fn keep_new_key(
    store: &Store,
    clock: &Clock,
    style: Style,
) -> Result<Arc<SigningKey>, TokenError> {
    let generated = tokio::task::spawn_blocking(SigningKey::generate).await;
    let key = Arc::new(generated.map_err(|_| TokenError::Key)??);
    let row = KeyRow {
        style: style.name().to_owned(),
        kid: key.kid().to_owned(),
        pem: key.pem().to_owned(),
        published_until: None,
    };
    let former_until = keyring::published_until(clock.now());
    let kept = store
        .write(move |db| rows::replace(db, &row, former_until))
        .await;
    kept.map_err(|error| {
        tracing::error!(%error, "a signing key was not kept");
        TokenError::Key
    })?;
    Ok(key)
}

/// Key sets, minting, the metadata server, and people.
pub(crate) fn routes(state: &State) -> Router {
    rest::routes(&state.issuer)
        .merge(metadata::routes(&state.issuer))
        .merge(accounts::routes(&state.issuer))
}

/// What people open in their browsers: the links they were given.
pub(crate) fn pages(state: &State) -> Router {
    accounts::pages(&state.issuer)
}
