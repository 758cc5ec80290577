//! Somebody wants to prove that an address is theirs.

use avvivo_domain::identity::Email;

use crate::{
    AppError, Deps,
    mailing::{self, Letter},
};

/// Has a link mailed that proves it, if the identity provider knows the address. Who asks is not told whether it does.
pub async fn run(deps: &Deps, email: &Email) -> Result<(), AppError> {
    mailing::ask(deps, email, Letter::ProveAddress).await
}
