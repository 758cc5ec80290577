//! Who takes part, in which conversation.

use avvivo_app::{AppError, chat::Participant};
use avvivo_domain::{
    chat::ChatError,
    identity::{AccessError, Caller, UserType},
};
use avvivo_http_kit::{Problem, Role};
use avvivo_kernel::{AccountId, ConversationId, ShopId};
use serde::Deserialize;

/// Somebody who sells, with their open shop.
#[derive(Debug, Clone)]
pub(crate) struct Seller {
    account: AccountId,
    shop: ShopId,
}

impl Role for Seller {
    type Caller = Caller;

    fn admit(caller: Caller) -> Result<Self, Problem> {
        match (caller.user_type, caller.acting_shop()) {
            (UserType::Shop, Some(shop)) => Ok(Self {
                account: caller.account_id,
                shop,
            }),
            _ => Err(AccessError::NotAllowed.into()),
        }
    }
}

impl Seller {
    /// Their shop. Another than theirs, if one is named, is none of theirs.
    pub(super) fn shop(&self, named: Option<&str>) -> Result<ShopId, AppError> {
        match named.map(str::trim).filter(|named| !named.is_empty()) {
            None => Ok(self.shop),
            Some(named) if named.parse() == Ok(self.shop) => Ok(self.shop),
            Some(_) => Err(ChatError::NotTheirShop.into()),
        }
    }

    pub(super) fn participant(&self, named: Option<&str>) -> Result<Participant, AppError> {
        Ok(Participant::shop(self.account, self.shop(named)?))
    }
}

/// The conversation in a path. What cannot be an id names none.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConversationPath {
    conversation_id: String,
}

impl ConversationPath {
    pub(super) fn id(&self) -> Result<ConversationId, AppError> {
        conversation(&self.conversation_id)
    }
}

/// The conversation that `text` names.
pub(crate) fn conversation(text: &str) -> Result<ConversationId, AppError> {
    text.parse()
        .map_err(|_: uuid::Error| ChatError::NotFound.into())
}

/// The shop that a caller acts for, when a query says so.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Scope {
    /// The caller's own shop; it need not be named.
    pub(super) shop_id: Option<String>,
}
