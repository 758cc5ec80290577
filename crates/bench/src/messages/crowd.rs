//! Who talks: clients with a conversation each, and the owners of their shops.

use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::{checkout, platform::Platform};

pub(super) const CLIENTS: u32 = 400;
const SHOPS: u32 = 50;
/// Tokens that are minted at once.
const AT_ONCE: usize = 8;

/// Everybody, signed in.
pub(super) struct Crowd {
    pub(super) clients: Vec<Sender>,
    /// The tokens of the shops' owners.
    pub(super) owners: Vec<String>,
}

/// Somebody who writes to a shop.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    pub(super) token: String,
    /// What their messages are posted to.
    pub(super) path: String,
}

impl Crowd {
    pub(super) async fn gather(platform: &Platform) -> anyhow::Result<Self> {
        platform
            .sql_file(&checkout::at("crates/bench/sql/seed_chat.sql"))
            .await?;
        let tokens = tokens(platform, "client", CLIENTS).await?;
        let clients = (1_u32..).zip(tokens).map(|(number, token)| Sender {
            token,
            path: format!(
                "/chat/client/conversations/{}/messages",
                conversation(number)
            ),
        });
        Ok(Self {
            clients: clients.collect(),
            owners: tokens_of_owners(platform).await?,
        })
    }
}

/// The conversation of a client, as the seed numbers them.
pub(super) fn conversation(number: u32) -> String {
    format!("0c000000-0000-7000-8001-{number:012x}")
}

async fn tokens_of_owners(platform: &Platform) -> anyhow::Result<Vec<String>> {
    tokens(platform, "owner", SHOPS).await
}

async fn tokens(platform: &Platform, who: &str, count: u32) -> anyhow::Result<Vec<String>> {
    stream::iter(1..=count)
        .map(async |number| {
            platform
                .token(&format!("{who}-{number}@avvivo.example"))
                .await
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}
