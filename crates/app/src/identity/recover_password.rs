//! Somebody forgot their password.

use avvivo_domain::identity::Email;

use crate::{
    AppError, Deps,
    mailing::{self, Letter},
};

/// Has a link mailed that sets a new one, if the identity provider knows the address. Who asks is not told whether it does.
pub async fn run(deps: &Deps, email: &Email) -> Result<(), AppError> {
    mailing::ask(deps, email, Letter::RecoverPassword).await
}
