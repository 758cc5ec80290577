//! Not served yet.

use axum::Router;

use crate::server::StartError;
use crate::state::State;

pub(crate) async fn routes(_state: &State) -> Result<Router, StartError> {
    Ok(Router::new())
}
