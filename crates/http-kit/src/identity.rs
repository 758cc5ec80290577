//! Who is asking: one optional step that every request takes, and the extractors that build on it.
//!
//! A service plugs in how a bearer token becomes a caller ([`Authenticate`]). What follows from the outcome is the same
//! everywhere and is here: an invalid token is nobody, a suspended account is refused on every path, and a store that
//! is away is 503, never "nobody".

use std::{convert::Infallible, fmt, sync::Arc};

use async_trait::async_trait;
use avvivo_kernel::{ErrorKind, Fault};
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::{Extensions, HeaderMap, header::AUTHORIZATION, request::Parts};

use crate::Problem;

/// Turns a bearer token into a caller.
#[async_trait]
pub trait Authenticate: Send + Sync + 'static {
    /// What the service knows about whoever asks.
    type Caller: Clone + Send + Sync + 'static;

    /// Who `bearer` (the token alone) speaks for.
    async fn authenticate(&self, bearer: &str) -> Result<Self::Caller, NotAuthenticated>;
}

/// Why a bearer token yields no caller.
#[derive(Debug)]
pub enum NotAuthenticated {
    /// The token is invalid or expired: the request goes on as nobody's.
    Anonymous,
    /// A valid token without an e-mail address: 401 on every path.
    MissingEmail,
    /// The account is suspended: 403 on every path.
    Suspended,
    /// Refused for another reason, such as a store that is away.
    Refused(Problem),
}

/// With `?`: a token that is not believed is nobody's, and everything else (keys or a store that are away) is told.
impl<F: Fault + Send + Sync + 'static> From<F> for NotAuthenticated {
    fn from(fault: F) -> Self {
        match fault.kind() {
            ErrorKind::Unauthenticated => Self::Anonymous,
            _ => Self::Refused(fault.into()),
        }
    }
}

/// Whether somebody is known to be asking. Present on every request of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visitor {
    /// Nobody we know.
    Anonymous,
    /// A caller; [`Caller`] says who.
    Known,
}

/// The authenticated caller; 401 without one. `Option<Caller<C>>` accepts anybody.
#[derive(Debug, Clone)]
pub struct Caller<C>(pub C);

/// A role: a type that can only be had from a caller who holds it.
pub trait Role: Sized {
    /// What the service knows about whoever asks.
    type Caller: Clone + Send + Sync + 'static;

    /// `caller` in this role, or why not.
    fn admit(caller: Self::Caller) -> Result<Self, Problem>;
}

/// A caller in role `R`; 401 without a caller, and whatever [`Role::admit`] says for another role.
#[derive(Debug, Clone)]
pub struct Require<R>(pub R);

/// The step with its [`Authenticate`] inside, whatever its caller type.
#[derive(Clone)]
pub struct IdentityStep(Arc<dyn Identify>);

#[async_trait]
trait Identify: Send + Sync {
    async fn identify(&self, bearer: &str, extensions: &mut Extensions)
    -> Result<Visitor, Problem>;
}

struct Plugged<A>(A);

#[async_trait]
impl<A: Authenticate> Identify for Plugged<A> {
    async fn identify(
        &self,
        bearer: &str,
        extensions: &mut Extensions,
    ) -> Result<Visitor, Problem> {
        match self.0.authenticate(bearer).await {
            Ok(caller) => {
                extensions.insert(Caller(caller));
                Ok(Visitor::Known)
            }
            Err(NotAuthenticated::Anonymous) => Ok(Visitor::Anonymous),
            Err(NotAuthenticated::MissingEmail) => Err(Problem::new(
                ErrorKind::Unauthenticated,
                "auth.no_email",
                "Tu cuenta no tiene un email válido.",
            )),
            Err(NotAuthenticated::Suspended) => Err(Problem::new(
                ErrorKind::Forbidden,
                "auth.suspended",
                "Tu cuenta está suspendida.",
            )),
            Err(NotAuthenticated::Refused(problem)) => Err(problem),
        }
    }
}

impl IdentityStep {
    /// Identifies callers with `authenticate`.
    pub fn new(authenticate: impl Authenticate) -> Self {
        Self(Arc::new(Plugged(authenticate)))
    }

    pub(crate) async fn establish(
        &self,
        headers: &HeaderMap,
        extensions: &mut Extensions,
    ) -> Result<(), Problem> {
        let visitor = match bearer(headers) {
            Some(token) => self.0.identify(token, extensions).await?,
            None => Visitor::Anonymous,
        };
        extensions.insert(visitor);
        Ok(())
    }
}

impl fmt::Debug for IdentityStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityStep")
    }
}

/// The token of `Authorization: Bearer <token>`: this case, one space. Any other form is no token.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let token = headers
        .get(AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")?;
    (!token.is_empty() && !token.starts_with(' ')).then_some(token)
}

fn authentication_required() -> Problem {
    Problem::new(
        ErrorKind::Unauthenticated,
        "auth.required",
        "Iniciá sesión para continuar.",
    )
}

impl<S: Sync, C: Clone + Send + Sync + 'static> FromRequestParts<S> for Caller<C> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(authentication_required)
    }
}

impl<S: Sync, C: Clone + Send + Sync + 'static> OptionalFromRequestParts<S> for Caller<C> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

impl<S: Sync, R: Role> FromRequestParts<S> for Require<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Caller(caller) =
            <Caller<R::Caller> as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        R::admit(caller).map(Self)
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts
            .extensions
            .get::<Self>()
            .copied()
            .unwrap_or(Self::Anonymous))
    }
}
