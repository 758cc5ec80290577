//! One RSA key: it signs tokens (RS256) and shows its public half as a JWK.

use std::fmt;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::TokenError;

/// Width of the lines of a PEM file (RFC 7468, section 2).
const PEM_LINE: usize = 64;

/// A private key with its id. The pair is kept parsed: checking an RSA key costs more than a
/// signature with it.
pub(super) struct SigningKey {
    pair: KeyPair,
    pem: String,
    jwk: Jwk,
    kid: String,
}

impl SigningKey {
    /// A new 2048-bit key, as Google's are. Takes tens of milliseconds of one core.
    pub(super) fn generate() -> Result<Self, TokenError> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| TokenError::Key)?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| TokenError::Key)?;
        Self::from_parts(pair, pem(der.as_ref()))
    }

    /// A key that was kept as PKCS#8 PEM.
    pub(super) fn from_pem(pem: String) -> Result<Self, TokenError> {
        let body: String = pem
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .collect();
        let der = STANDARD.decode(body).map_err(|_| TokenError::Key)?;
        let pair = KeyPair::from_pkcs8(&der).map_err(|_| TokenError::Key)?;
        Self::from_parts(pair, pem)
    }

    fn from_parts(pair: KeyPair, pem: String) -> Result<Self, TokenError> {
        let encoding = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| TokenError::Key)?;
        let mut jwk =
            Jwk::from_encoding_key(&encoding, Algorithm::RS256).map_err(|_| TokenError::Key)?;
        let public = serde_json::to_vec(&jwk.algorithm).map_err(|_| TokenError::Key)?;
        // Forty hexadecimal digits that follow from the key, as Google's ids look.
        let mut kid = hex::encode(Sha256::digest(&public));
        kid.truncate(40);
        jwk.common.key_id = Some(kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self {
            pair,
            pem,
            jwk,
            kid,
        })
    }

    /// The key id.
    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    /// The private key, to be kept.
    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    /// The public key, to be published.
    pub(super) fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// A signed JWT (RFC 7519) with these claims.
    pub(super) fn sign(&self, claims: &impl Serialize) -> Result<String, TokenError> {
        let header = Header {
            alg: "RS256",
            kid: &self.kid,
            typ: "JWT",
        };
        let encode = |part: Result<Vec<u8>, _>| part.map(|json| URL_SAFE_NO_PAD.encode(json));
        let header = encode(serde_json::to_vec(&header)).map_err(|_| TokenError::Signature)?;
        let claims = encode(serde_json::to_vec(claims)).map_err(|_| TokenError::Signature)?;
        let message = format!("{header}.{claims}");
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message.as_bytes(),
                &mut signature,
            )
            .map_err(|_| TokenError::Signature)?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    kid: &'a str,
    typ: &'a str,
}

fn pem(der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for (column, letter) in body.chars().enumerate() {
        if column > 0 && column % PEM_LINE == 0 {
            pem.push('\n');
        }
        pem.push(letter);
    }
    pem.push_str("\n-----END PRIVATE KEY-----\n");
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_read_back_is_the_same_key() {
        let key = SigningKey::generate().unwrap();
        let again = SigningKey::from_pem(key.pem().to_owned()).unwrap();
        assert_eq!(key.kid(), again.kid());
        let claims = serde_json::json!({"sub": "a"});
        assert_eq!(
            key.sign(&claims).unwrap(),
            again.sign(&claims).unwrap(),
            "RS256 is deterministic"
        );
    }

    #[test]
    fn a_broken_key_is_refused() {
        for broken in [
            "",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "!",
        ] {
            assert!(SigningKey::from_pem(broken.to_owned()).is_err());
        }
    }
}
