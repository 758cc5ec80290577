//! Who somebody is, as clients are told.

use avvivo_domain::identity::{AccountStatus, AdminRole, Caller};
use avvivo_kernel::{AccountId, ShopId};
use serde::Serialize;
use utoipa::ToSchema;

/// Who calls, and as what.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuthContext)]
pub(crate) struct ContextView {
    /// The identity provider's id.
    #[schema(example = "q7Zk1xYt0aVb93")]
    uid: String,
    /// The token's, in lower case.
    #[schema(example = "ventas@lunaazul.com.ar")]
    email: String,
    email_verified: bool,
    #[schema(value_type = uuid::Uuid)]
    auth_user_id: AccountId,
    /// `CLIENT`, `SHOP` or `ADMIN`.
    #[schema(example = "SHOP")]
    user_type: &'static str,
    /// `UNDEFINED`, `USER`, `PENDING_STORE`, `STORE`, `ADMIN` or `SUPERADMIN`.
    #[schema(example = "STORE")]
    role: &'static str,
    /// `ACTIVE`: a suspended account is told so, and nothing else.
    #[schema(example = "ACTIVE")]
    status: &'static str,
    /// The shop they own, open or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<uuid::Uuid>)]
    shop_id: Option<ShopId>,
    /// `SUPERADMIN` or `MODERATOR`, of administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    admin_role: Option<&'static str>,
    /// Whether they are to be asked what they came for, or for their shop.
    requires_onboarding: bool,
    /// What to open first: `OPEN_ROLE_ONBOARDING`, `OPEN_STORE_ONBOARDING`, `GO_ADMIN_DASHBOARD`, `GO_STORE_DASHBOARD` or
    /// `GO_PUBLIC_HOME`.
    #[schema(example = "GO_STORE_DASHBOARD")]
    next_action: &'static str,
}

impl From<Caller> for ContextView {
    fn from(caller: Caller) -> Self {
        Self {
            auth_user_id: caller.account_id,
            user_type: caller.user_type.as_str(),
            role: caller.role.as_str(),
            status: AccountStatus::Active.as_str(),
            // To clients, who administers has no shop.
            shop_id: caller.shop_id.filter(|_| !caller.is_admin()),
            admin_role: caller.admin_role.map(AdminRole::as_str),
            requires_onboarding: caller.role.requires_onboarding(),
            next_action: caller.role.next_action().as_str(),
            email_verified: caller.email_verified,
            uid: caller.uid,
            email: caller.email,
        }
    }
}
