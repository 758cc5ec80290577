//! Shops: what is shown of them, who changes them, and how they come to be. Every change is one commit: the shop, its owner's
//! account, its wallet, the audit, the notices for administrators, and the event that empties caches.

pub mod accept_shop;
pub mod assign_owner;
pub mod buy_quota;
mod change;
pub mod create_shop;
pub mod delete_shop;
pub mod edit_shop;
pub mod moderate_shop;
pub mod read;
pub mod register_shop;
pub mod set_image;
pub mod suspend_agenda;
pub mod validate_registration;

use avvivo_domain::{
    identity::{AccessError, Caller},
    shops::ShopError,
};
use avvivo_kernel::ShopId;
use avvivo_postgres::{DbError, shops::write::Unique};

use crate::AppError;

pub(crate) use change::bury_files;

/// Administrators, and the owner of this very shop, whether it is open or not: who waits to be let in completes its data.
fn must_run_or_await(caller: &Caller, shop: ShopId) -> Result<(), AccessError> {
    if caller.shop_id == Some(shop) {
        return Ok(());
    }
    caller.must_run_shop(shop)
}

/// Why a shop could not be written.
fn refused(error: DbError) -> AppError {
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
