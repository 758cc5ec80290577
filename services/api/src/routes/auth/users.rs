//! Accounts, for administrators.

use avvivo_app::identity::list_accounts;
use avvivo_http_kit::{Problem, QueryParams, Reply, Require};
use avvivo_kernel::{AccountId, ShopId, time::to_wire};
use avvivo_postgres::accounts::directory::ListedAccount;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    caller::Admin,
    routes::{ProblemView, lenient},
    state::ApiState,
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// How many: 200 unless said, from 1 to 1000.
    #[param(value_type = Option<u32>, example = 200)]
    limit: Option<String>,
}

/// An account as stored, with what belongs to it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ListedAccount)]
pub(crate) struct AccountView {
    #[schema(value_type = uuid::Uuid)]
    id: AccountId,
    #[schema(example = "carla@example.com")]
    email: String,
    firebase_uid: Option<String>,
    #[schema(example = "CLIENT")]
    user_type: String,
    #[schema(example = "USER")]
    role: String,
    #[schema(example = "ACTIVE")]
    status: String,
    created_at: String,
    last_login_at: Option<String>,
    onboarding_completed_at: Option<String>,
    admin_role: Option<String>,
    admin_status: Option<String>,
    display_name: Option<String>,
    profile_completed_at: Option<String>,
    city: Option<String>,
    province: Option<String>,
    #[schema(value_type = Option<uuid::Uuid>)]
    shop_id: Option<ShopId>,
    shop_name: Option<String>,
    shop_status: Option<String>,
    shop_source: Option<String>,
}

/// Accounts
///
/// The newest first.
#[utoipa::path(
    get,
    path = "/auth/admin/users",
    operation_id = "list_accounts",
    tag = "auth",
    params(Query),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The accounts", body = [AccountView]),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    _: Require<Admin>,
    QueryParams(query): QueryParams<Query>,
) -> Result<Reply<Vec<AccountView>>, Problem> {
    let limit = lenient::limit(query.limit.as_deref(), 200, 1..=1000);
    let found = list_accounts::run(&state.deps, limit.into()).await?;
    Ok(Reply::ok(found.into_iter().map(Into::into).collect()))
}

impl From<ListedAccount> for AccountView {
    fn from(account: ListedAccount) -> Self {
        let (admin_role, admin_status) = account.admin.unzip();
        let (shop_id, shop) = account.shop.map(|shop| (shop.id, shop)).unzip();
        Self {
            id: account.id,
            email: account.email,
            firebase_uid: account.firebase_uid,
            user_type: account.user_type,
            role: account.role,
            status: account.status,
            created_at: to_wire(account.created_at),
            last_login_at: account.last_login_at.map(to_wire),
            onboarding_completed_at: account.onboarding_completed_at.map(to_wire),
            admin_role,
            admin_status,
            display_name: account.display_name,
            profile_completed_at: account.profile_completed_at.map(to_wire),
            city: account.city,
            province: account.province,
            shop_id,
            shop_name: shop.as_ref().map(|shop| shop.name.clone()),
            shop_status: shop.as_ref().map(|shop| shop.status.clone()),
            shop_source: shop.map(|shop| shop.registration_source),
        }
    }
}
