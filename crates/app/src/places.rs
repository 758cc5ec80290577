//! Where shops are on the map. Nobody who registers or edits a shop waits for the map: their commit writes an errand, the
//! relay asks, and what is found is put into the shop if it still is what was asked about.

mod locate;

use avvivo_domain::shops::{Shop, location};
use avvivo_kernel::{ShopId, Timestamp};
use avvivo_postgres::{
    DbError, Transaction,
    outbox::errands::{self, Errand, NewErrand},
};
use serde::{Deserialize, Serialize};

use crate::Deps;

pub(crate) use locate::run as locate;

/// Look-ups that may wait: at the public map's pace of one a second they are gone in a quarter of an hour. A shop that finds
/// no room has no point until its address is edited.
const MOST_WAITING: i64 = 1_000;

/// What an errand's row says.
#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    shop: ShopId,
    /// As the map is asked for it.
    address: String,
    /// As it is compared.
    key: String,
}

/// Has the map asked about a shop that was just made or changed, if that is new to ask.
pub(crate) async fn ask(
    deps: &Deps,
    tx: &mut Transaction,
    (before, after): (Option<&Shop>, &Shop),
    now: Timestamp,
) -> Result<(), DbError> {
    let question = location::question(after);
    if !deps.policy.outside.map || question == before.and_then(location::question) {
        return Ok(());
    }
    let Some(question) = question else {
        return Ok(());
    };
    if errands::waiting(tx, Errand::Place, MOST_WAITING).await? >= MOST_WAITING {
        tracing::warn!(shop.id = %after.id, "too many addresses wait for the map: one is left out");
        return Ok(());
    }
    let asked = Asked {
        shop: after.id,
        address: question.address,
        key: question.key,
    };
    let errand = NewErrand {
        id: deps.event_id(),
        errand: Errand::Place,
        about: after.id.to_string(),
        payload: serde_json::to_vec(&asked).unwrap_or_default(),
        traceparent: (deps.traceparent)(),
    };
    errands::push(tx, &errand, now).await
}
