//! Reading what buyers keep. Each reads as often as is written here, however much there is.

use avvivo_kernel::AccountId;
use avvivo_postgres::{
    Conn,
    chat::{self, Listed},
    clients::{self, Marks, Profile},
    favorites::{self, FavoriteShop},
    notifications::{self, Notification},
    reminders::{self, RemindedLive},
};

use super::MAX_IDS;
use crate::{AppError, Deps};

/// What lists of favourites and reminders show at most.
const MAX_ITEMS: i64 = 50;
/// What the lists of notifications and conversations show at most, where everything is shown at once.
const MAX_RECENT: i64 = 20;

/// Everything a buyer's page shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// Themselves.
    pub profile: Profile,
    /// What they have seen and like, and how much they have not read.
    pub marks: Marks,
    /// Shops they keep.
    pub favorites: Vec<FavoriteShop>,
    /// Lives they want to be reminded of.
    pub reminders: Vec<RemindedLive>,
    /// What they were told.
    pub notifications: Vec<Notification>,
    /// What they talk about.
    pub conversations: Vec<Listed>,
}

/// What a buyer keeps, wants to be reminded of, has seen and likes. Whoever asks has a profile from then on.
pub async fn marks(deps: &Deps, account: AccountId) -> Result<Marks, AppError> {
    let mut conn = deps.db.acquire().await?;
    let marks = clients::marks(&mut conn, account, MAX_IDS).await?;
    if !marks.has_profile {
        clients::ensure(&mut conn, account, deps.now()).await?;
    }
    Ok(marks)
}

/// A buyer's profile, which begins when it is asked for.
pub async fn profile(deps: &Deps, account: AccountId) -> Result<Profile, AppError> {
    let mut conn = deps.db.acquire().await?;
    profile_in(deps, &mut conn, account).await
}

/// Everything at once.
pub async fn activity(deps: &Deps, account: AccountId) -> Result<Activity, AppError> {
    let mut conn = deps.db.acquire().await?;
    Ok(Activity {
        profile: profile_in(deps, &mut conn, account).await?,
        marks: clients::marks(&mut conn, account, MAX_IDS).await?,
        favorites: favorites::list(&mut conn, account, MAX_ITEMS).await?,
        reminders: reminders::list(&mut conn, account, MAX_ITEMS).await?,
        notifications: notifications::list(&mut conn, account, MAX_RECENT).await?,
        conversations: chat::list_for_client(&mut conn, account, MAX_RECENT).await?,
    })
}

/// The shops a buyer keeps, the newest first.
pub async fn favorites(deps: &Deps, account: AccountId) -> Result<Vec<FavoriteShop>, AppError> {
    let mut conn = deps.db.acquire().await?;
    Ok(favorites::list(&mut conn, account, MAX_ITEMS).await?)
}

/// The lives a buyer wants to be reminded of, what comes next first.
pub async fn reminders(deps: &Deps, account: AccountId) -> Result<Vec<RemindedLive>, AppError> {
    let mut conn = deps.db.acquire().await?;
    Ok(reminders::list(&mut conn, account, MAX_ITEMS).await?)
}

async fn profile_in(deps: &Deps, conn: &mut Conn, account: AccountId) -> Result<Profile, AppError> {
    if let Some(profile) = clients::find(conn, account).await? {
        return Ok(profile);
    }
    clients::ensure(conn, account, deps.now()).await?;
    let begun = clients::find(conn, account).await?;
    // Whoever calls has an account, and accounts are not deleted.
    Ok(begun.ok_or(avvivo_domain::identity::AccessError::Anonymous)?)
}
