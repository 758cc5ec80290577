//! Promises that run through several endpoints, as a client that was there before us counts on them.

mod lists;
mod owners;
mod registering;

use gcp_local::FirebaseIdToken;
use serde_json::Value;

use crate::{shops::Mall, support::answer::Answer};

impl Mall {
    async fn me(&self, token: &str) -> Answer {
        self.app.get("/auth/me").bearer(token).await
    }

    /// What is seen of a shop by its id; of nobody's token, by everybody.
    async fn seen(&self, shop: &Value, token: Option<&str>) -> Value {
        let path = format!("/shops/{}", shop.as_str().unwrap());
        let asked = self.app.get(&path);
        match token {
            Some(token) => asked.bearer(token).await.ok(),
            None => asked.await.ok(),
        }
    }

    /// A token of who has that address with the identity provider, proven or not.
    fn token_of(&self, email: &str, email_verified: bool) -> String {
        self.app.mint(&FirebaseIdToken {
            uid: format!("uid of {email}"),
            email: Some(email.to_owned()),
            email_verified,
            ..FirebaseIdToken::default()
        })
    }
}

/// Members of an object, in the order in which they are named.
fn told<const N: usize>(value: &Value, names: [&str; N]) -> [Value; N] {
    names.map(|name| value[name].clone())
}
