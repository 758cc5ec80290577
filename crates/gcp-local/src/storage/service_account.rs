//! The service account whose signatures this server accepts.
//!
//! Its key file has Google's format and is made once, so that clients sign URLs with it exactly as
//! they would with a key of Google's: offline, with an unchanged library.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{self, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::blob::random_id;

const FILE: &str = "service-account.json";
const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";
const PEM_COLUMNS: usize = 64;

/// An identity and the public half of its key.
#[derive(Clone)]
pub(crate) struct ServiceAccount {
    inner: Arc<Inner>,
}

struct Inner {
    email: String,
    key_file: String,
    public_key: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("the key file: {0}")]
    Io(#[from] io::Error),
    #[error("the key file is not a service account's: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the key file has no usable {0}")]
    Field(&'static str),
    #[error("no RSA key could be generated")]
    Generate,
}

impl ServiceAccount {
    /// Reads the key file in `folder`, or makes it. Takes a fraction of a second when it makes it:
    /// not for the runtime's threads.
    pub(crate) fn open(folder: &Path, project: &str) -> Result<Self, KeyError> {
        let path = folder.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let text = generate(project)?;
                write_private(&path, &text)?;
                text
            }
            Err(error) => return Err(error.into()),
        };
        Self::parse(text)
    }

    fn parse(key_file: String) -> Result<Self, KeyError> {
        let fields: Value = serde_json::from_str(&key_file)?;
        let text = |name: &'static str| {
            fields
                .get(name)
                .and_then(Value::as_str)
                .ok_or(KeyError::Field(name))
        };
        let email = text("client_email")?.to_owned();
        let der = from_pem(text("private_key")?).ok_or(KeyError::Field("private_key"))?;
        let pair = KeyPair::from_pkcs8(&der).map_err(|_| KeyError::Field("private_key"))?;
        let public_key = pair.public_key().as_ref().to_vec();
        Ok(Self {
            inner: Arc::new(Inner {
                email,
                key_file,
                public_key,
            }),
        })
    }

    pub(crate) fn email(&self) -> &str {
        &self.inner.email
    }

    /// The key file, private key included.
    pub(crate) fn key_file(&self) -> &str {
        &self.inner.key_file
    }

    /// Signs as a client would.
    #[cfg(test)]
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let fields: Value = serde_json::from_str(self.key_file()).unwrap();
        let der = from_pem(fields["private_key"].as_str().unwrap()).unwrap();
        let pair = KeyPair::from_pkcs8(&der).unwrap();
        let mut signature = vec![0; pair.public_modulus_len()];
        let random = aws_lc_rs::rand::SystemRandom::new();
        pair.sign(
            &signature::RSA_PKCS1_SHA256,
            &random,
            message,
            &mut signature,
        )
        .unwrap();
        signature
    }

    /// Checks an RSA signature (PKCS #1 v1.5, SHA-256).
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(
            &signature::RSA_PKCS1_2048_8192_SHA256,
            &self.inner.public_key,
        )
        .verify(message, signature)
        .is_ok()
    }
}

fn generate(project: &str) -> Result<String, KeyError> {
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Generate)?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::Generate)?;
    let email = format!("gcp-local@{project}.iam.gserviceaccount.com");
    let file = json!({
        "type": "service_account",
        "project_id": project,
        "private_key_id": random_id(),
        "private_key": to_pem(der.as_ref()),
        "client_email": email,
        "client_id": "100000000000000000001",
        "token_uri": "https://oauth2.googleapis.com/token",
        "universe_domain": "googleapis.com",
    });
    Ok(serde_json::to_string_pretty(&file)?)
}

/// Readable by its owner only, and there completely or not at all.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut file = File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(unfinished, path)
}

fn to_pem(der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let mut pem = format!("{PEM_BEGIN}\n");
    let mut rest = base64.as_str();
    while let Some((line, after)) = rest.split_at_checked(PEM_COLUMNS.min(rest.len())) {
        if line.is_empty() {
            break;
        }
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str(PEM_END);
    pem.push('\n');
    pem
}

fn from_pem(pem: &str) -> Option<Vec<u8>> {
    let body = pem.trim().strip_prefix(PEM_BEGIN)?.strip_suffix(PEM_END)?;
    STANDARD
        .decode(body.split_whitespace().collect::<String>())
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_read_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let first = ServiceAccount::open(folder.path(), "p").unwrap();
        let second = ServiceAccount::open(folder.path(), "other").unwrap();
        assert_eq!(first.key_file(), second.key_file());
        assert_eq!(second.email(), "gcp-local@p.iam.gserviceaccount.com");
    }

    #[test]
    fn signatures_of_the_key_verify_and_others_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let account = ServiceAccount::open(folder.path(), "p").unwrap();
        let signature = account.sign(b"text");
        assert!(account.verifies(b"text", &signature));
        assert!(!account.verifies(b"test", &signature));
        assert!(!account.verifies(b"text", &[0; 256]));
    }
}
