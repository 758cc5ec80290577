//! Shops: what is shown of them, who changes them, and how they come to be. Every change is one commit: the shop, its owner's
//! account, its wallet, the audit, the notices for administrators, and the event that empties caches.

pub mod accept_shop;
pub mod assign_owner;
pub mod buy_quota;
mod change;
pub mod create_shop;
pub mod delete_shop;
pub mod edit_shop;
mod files;
pub mod moderate_shop;
pub mod read;
pub mod register_shop;
pub mod reset_password;
pub mod send_invite;
pub mod set_image;
pub mod suspend_agenda;
pub mod validate_registration;

use avvivo_domain::{
    fields::FieldError,
    identity::Email,
    shops::{Shop, ShopError},
};
use avvivo_postgres::{DbError, shops::write::Unique};

use crate::AppError;

pub(crate) use files::{delete, lock};

/// The address of a shop that its owner gets in by.
fn owners_address(shop: &Shop) -> Result<Email, ShopError> {
    let email = shop.email.as_deref().and_then(Email::parse);
    email.ok_or(ShopError::NobodyToInvite)
}

/// Why a shop could not be written.
fn refused(error: DbError) -> AppError {
    if error.violates("shops_agenda_suspended_by_fkey") {
        let field = "agendaSuspendedByAdminId";
        return ShopError::from(FieldError::Wrong { field }).into();
    }
    let Some(unique) = Unique::of(&error) else {
        return error.into();
    };
    match unique {
        Unique::Id => ShopError::InvalidId,
        Unique::Slug => ShopError::SlugTaken,
        Unique::Name => ShopError::NameTaken,
        Unique::Cuit => ShopError::CuitTaken,
        Unique::Email => ShopError::EmailTaken,
        Unique::Owner => ShopError::OwnerHasShop,
    }
    .into()
}
