//! From bearer tokens to callers, and the roles that handlers ask for.

use async_trait::async_trait;
use avvivo_app::{AppError, Deps, identity::resolve_caller};
use avvivo_domain::identity::{AccessError, Caller, TokenIdentity, UserType};
use avvivo_http_kit::{Authenticate, NotAuthenticated, Problem, Role};
use avvivo_kernel::{AccountId, ErrorKind};
use avvivo_tokens::{FirebaseUser, FirebaseVerifier};

/// Verifies Firebase tokens and finds their accounts.
#[derive(Clone)]
pub(crate) struct Accounts {
    deps: Deps,
    /// None where no project is configured.
    verifier: Option<FirebaseVerifier>,
}

impl Accounts {
    pub(crate) fn new(deps: Deps, verifier: Option<FirebaseVerifier>) -> Self {
        Self { deps, verifier }
    }
}

#[async_trait]
impl Authenticate for Accounts {
    type Caller = Caller;

    async fn authenticate(&self, bearer: &str) -> Result<Caller, NotAuthenticated> {
        let Some(verifier) = &self.verifier else {
            return Err(NotAuthenticated::Refused(not_configured()));
        };
        let user = verifier.verify(bearer).await?;
        match resolve_caller::run(&self.deps, &identity(user)).await {
            Ok(caller) => Ok(caller),
            Err(AppError::Access(AccessError::Anonymous)) => Err(NotAuthenticated::Anonymous),
            Err(AppError::Access(AccessError::NoEmail)) => Err(NotAuthenticated::MissingEmail),
            Err(AppError::Access(AccessError::Suspended)) => Err(NotAuthenticated::Suspended),
            Err(error) => Err(NotAuthenticated::Refused(error.into())),
        }
    }
}

fn not_configured() -> Problem {
    let message = "El inicio de sesión no está disponible en este momento.";
    Problem::new(ErrorKind::Internal, "auth.not_configured", message)
}

fn identity(user: FirebaseUser) -> TokenIdentity {
    let email = user
        .email
        .map(|email| email.trim().to_lowercase())
        .filter(|email| !email.is_empty());
    TokenIdentity {
        uid: user.uid,
        email,
        email_verified: user.email_verified,
        expires_at: user.expires_at,
    }
}

/// An administrator.
#[derive(Debug, Clone)]
pub(crate) struct Admin(pub(crate) Caller);

impl Role for Admin {
    type Caller = Caller;

    fn admit(caller: Caller) -> Result<Self, Problem> {
        if caller.is_admin() {
            Ok(Self(caller))
        } else {
            Err(AccessError::NotAllowed.into())
        }
    }
}

/// Somebody who buys. The owner of a shop that is not open is one, too.
#[derive(Debug, Clone)]
pub(crate) struct Client(pub(crate) AccountId);

impl Role for Client {
    type Caller = Caller;

    fn admit(caller: Caller) -> Result<Self, Problem> {
        if caller.user_type == UserType::Client {
            Ok(Self(caller.account_id))
        } else {
            Err(AccessError::NotAllowed.into())
        }
    }
}

/// An administrator, or the owner of an open shop; which shop is for the use case to check.
#[derive(Debug, Clone)]
pub(crate) struct Publisher(pub(crate) Caller);

impl Role for Publisher {
    type Caller = Caller;

    fn admit(caller: Caller) -> Result<Self, Problem> {
        if caller.is_admin() || caller.acting_shop().is_some() {
            Ok(Self(caller))
        } else {
            Err(AccessError::NotAllowed.into())
        }
    }
}
