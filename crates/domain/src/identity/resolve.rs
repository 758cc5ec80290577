//! The table that derives a caller, and what has to be written for it to stay true.

use std::collections::BTreeSet;

use avvivo_kernel::{AccountId, ShopId, Timestamp};
use chrono::TimeDelta;

use super::{
    AccessError, Account, AccountStatus, AdminRole, Caller, Role, TokenIdentity, UserType,
};

/// A login is stamped no more often than this: a stamp a request would be a write a request.
const LOGIN_STAMP_INTERVAL: TimeDelta = TimeDelta::minutes(5);

/// The addresses whose owners administer.
#[derive(Debug, Clone, Default)]
pub struct AdminEmails(BTreeSet<String>);

impl AdminEmails {
    /// From a list as configured; case and spaces do not matter.
    pub fn new<'a>(emails: impl IntoIterator<Item = &'a str>) -> Self {
        let clean = |email: &str| email.trim().to_lowercase();
        Self(
            emails
                .into_iter()
                .map(clean)
                .filter(|email| !email.is_empty())
                .collect(),
        )
    }

    /// Whether the bearer of this token administers. An address that is not verified proves nothing.
    fn include(&self, token: &TokenIdentity) -> bool {
        token.email_verified
            && token
                .email
                .as_ref()
                .is_some_and(|email| self.0.contains(email))
    }
}

/// An account to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// Lower-cased.
    pub email: String,
    /// Whether that is proven.
    pub email_proven: bool,
    /// The identity provider's id.
    pub firebase_uid: String,
    /// Which side.
    pub user_type: UserType,
    /// Which role.
    pub role: Role,
}

/// A caller, and the writes that make the stored account agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// Who calls.
    pub caller: Caller,
    /// Link the account to this id of the identity provider.
    pub link_uid: Option<String>,
    /// Remember that the bearer has proven the account's address.
    pub prove_email: bool,
    /// Stamp the login.
    pub stamp_login: bool,
    /// Store this type and role.
    pub store_role: Option<(UserType, Role)>,
    /// Make sure that the administrator's row has this rank.
    pub ensure_admin: Option<AdminRole>,
    /// Open this shop: its owner has proven the e-mail.
    pub open_shop: Option<ShopId>,
}

/// Derives the caller of `token` from the account found for it.
///
/// `account` was found by the token's id or else by its e-mail. `Ok(Err(new))` asks for that account to be created, after
/// which the caller is resolved again. Errors are final for this token.
pub fn resolve(
    token: &TokenIdentity,
    account: Option<&Account>,
    admins: &AdminEmails,
    now: Timestamp,
) -> Result<Result<Resolution, NewAccount>, AccessError> {
    let email = token.email.clone().ok_or(AccessError::NoEmail)?;
    let listed = admins.include(token);
    let Some(account) = account else {
        let (user_type, role) = if listed {
            (UserType::Admin, Role::Superadmin)
        } else {
            (UserType::Client, Role::Undefined)
        };
        return Ok(Err(NewAccount {
            email,
            email_proven: token.email_verified,
            firebase_uid: token.uid.clone(),
            user_type,
            role,
        }));
    };
    let linked = account.firebase_uid.as_deref() == Some(token.uid.as_str());
    if !linked && !token.email_verified {
        // Anybody can register anybody's address with the identity provider; only a verified one opens an account that
        // was made for it.
        return Err(AccessError::Anonymous);
    }
    if account.status == AccountStatus::Suspended {
        return Err(AccessError::Suspended);
    }
    let administers = listed || account.user_type == UserType::Admin;
    if administers && account.admin_status == AccountStatus::Suspended {
        return Err(AccessError::AdminSuspended);
    }
    let proven = token.email_verified.then_some(email.as_str());
    let derived = derive(proven, account, listed);
    let stale = |last: Timestamp| now.signed_duration_since(last) >= LOGIN_STAMP_INTERVAL;
    let store_role = Some((derived.user_type, derived.stored_role))
        .filter(|wanted| *wanted != (account.user_type, account.role));
    Ok(Ok(Resolution {
        caller: Caller {
            account_id: account.id,
            uid: token.uid.clone(),
            email,
            email_verified: token.email_verified,
            user_type: derived.user_type,
            role: derived.role,
            admin_role: derived.admin_role,
            shop_id: account.shop.as_ref().map(|shop| shop.id),
            token_expires_at: token.expires_at,
        },
        // The address may have been changed with the identity provider, and that one proven.
        prove_email: !account.email_proven && proves(token, account),
        link_uid: (!linked).then(|| token.uid.clone()),
        stamp_login: account.last_login_at.is_none_or(stale),
        store_role,
        ensure_admin: derived
            .admin_role
            .filter(|rank| account.admin_role != Some(*rank)),
        open_shop: derived.open_shop,
    }))
}

fn proves(token: &TokenIdentity, account: &Account) -> bool {
    token.email_verified && token.email.as_deref() == Some(account.email.as_str())
}

/// What the first matching row of the specification's table says.
struct Derived {
    user_type: UserType,
    role: Role,
    /// What is stored; the same as `role` but for administrators, whose rank is stored apart.
    stored_role: Role,
    admin_role: Option<AdminRole>,
    open_shop: Option<ShopId>,
}

fn derive(proven: Option<&str>, account: &Account, listed: bool) -> Derived {
    let plain = |user_type, role| Derived {
        user_type,
        role,
        stored_role: role,
        admin_role: None,
        open_shop: None,
    };
    if listed || account.user_type == UserType::Admin {
        let rank = if listed {
            AdminRole::Superadmin
        } else {
            account.admin_role.unwrap_or(AdminRole::Moderator)
        };
        let role = match rank {
            AdminRole::Superadmin => Role::Superadmin,
            AdminRole::Moderator => Role::Admin,
        };
        return Derived {
            admin_role: Some(rank),
            ..plain(UserType::Admin, role)
        };
    }
    match &account.shop {
        Some(shop) if proven.is_some_and(|email| shop.opens_to(email)) => Derived {
            open_shop: Some(shop.id),
            ..plain(UserType::Shop, Role::Store)
        },
        Some(shop) if shop.is_operable() => plain(UserType::Shop, Role::Store),
        Some(_) => plain(UserType::Client, Role::PendingStore),
        None => plain(UserType::Client, role_without_shop(account)),
    }
}

fn role_without_shop(account: &Account) -> Role {
    match account.role {
        Role::Store => Role::PendingStore,
        Role::Undefined if account.has_client_profile => Role::User,
        Role::Undefined | Role::User | Role::PendingStore => account.role,
        // An administrator is recognised by the type, never by a role alone.
        Role::Admin | Role::Superadmin => Role::User,
    }
}

/// The id of an account that a resolution speaks of.
impl Resolution {
    /// Whether anything has to be written at all; most requests need nothing.
    pub fn writes_nothing(&self) -> bool {
        !self.stamp_login && !self.prove_email && !self.changes_rights()
    }

    /// Whether somebody may do other things than before, or somebody else may.
    pub fn changes_rights(&self) -> bool {
        self.link_uid.is_some()
            || self.store_role.is_some()
            || self.ensure_admin.is_some()
            || self.open_shop.is_some()
    }

    /// Whose account.
    pub fn account_id(&self) -> AccountId {
        self.caller.account_id
    }
}

#[cfg(test)]
mod tests;
