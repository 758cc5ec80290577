//! A shop registers itself. Whoever registers at the same time waits: the same shop ten times at once is one. Where it is on
//! the map is asked afterwards.

use avvivo_domain::{
    audit::Actor,
    identity::{Account, Caller},
    notifications::NotificationKind,
    shops::{
        Shop,
        intake::{
            Draft, IntakeError,
            meta::Origin,
            normal::slug_base,
            register::{Circumstances, Confirmation, Registrant, Registration, register},
        },
        owner::OwnerAccount,
    },
};
use avvivo_kernel::ShopId;
use avvivo_postgres::{
    DbError, accounts,
    shops::{
        ListedShop,
        intake::{self, Asked},
        owners::Named,
        write::{self, Unique},
    },
};
use serde_json::{Map, Value};

use super::change::Change;
use crate::{AppError, Deps, mailing::Letter};

/// Looks once more when somebody signed in with the shop's e-mail meanwhile.
const LOOKS: usize = 2;

/// Registers the shop of a request, whoever sends it.
pub async fn run(
    deps: &Deps,
    caller: Option<&Caller>,
    body: &Map<String, Value>,
    origin: &Origin,
) -> Result<ListedShop, AppError> {
    let draft = Draft::read(body, &deps.policy.address_defaults)?;
    let mut change = Change::begin(deps, caller).await?;
    intake::take_turn(&mut change.tx).await?;
    check(&mut change, &draft).await?;
    for _ in 0..LOOKS {
        let registration = decide(&mut change, caller, &draft, origin).await?;
        let settled = change.settle_owner(&registration.shop, &registration.ownership);
        if let Some(shop) = settled.await? {
            write::insert(&mut change.tx, &shop)
                .await
                .map_err(refused)?;
            change
                .write_down(&registration.entry, (None, Some(&shop)))
                .await?;
            let (notice, about) = (&registration.notice, shop.id.as_uuid());
            change
                .tell_admins(NotificationKind::System, notice, about)
                .await?;
            change.find_place(None, &shop).await?;
            confirm(&mut change, &shop, &registration.confirmation).await?;
            return change.commit_and_show(shop).await;
        }
    }
    Err(IntakeError::OwnerGone.into())
}

async fn check(change: &mut Change<'_>, draft: &Draft) -> Result<(), AppError> {
    let contact = &draft.contact;
    let asked = Asked {
        identity: Some(&draft.identity),
        contact: Some((contact.email.as_str(), &contact.whatsapp)),
    };
    let mut facts = intake::facts(&mut change.tx, asked).await?;
    facts.address = intake::neighbours(&mut change.tx, &draft.address).await?;
    Ok(draft.check(&facts)?)
}

async fn decide(
    change: &mut Change<'_>,
    caller: Option<&Caller>,
    draft: &Draft,
    origin: &Origin,
) -> Result<Registration, AppError> {
    let id: ShopId = change.deps.ids.uuid().into();
    let base = slug_base(&draft.identity.name, id);
    let taken_slugs = intake::taken_slugs(&mut change.tx, &base).await?;
    // Administrators register for others.
    let seller = caller.filter(|caller| !caller.is_admin());
    let account = match seller {
        Some(caller) => find(change, Named::Id(caller.account_id)).await?,
        None => find(change, Named::Email(draft.contact.email.as_str())).await?,
    };
    let registrant = match seller {
        Some(caller) => {
            let account = account.as_ref().map(|(account, owner)| (account, *owner));
            Registrant::SignedIn(caller, account)
        }
        None => Registrant::ByEmail(account.as_ref().map(|(account, _)| account)),
    };
    let circumstances = Circumstances {
        actor: Actor::of(caller),
        id,
        taken_slugs: &taken_slugs,
        origin,
        now: change.now,
    };
    Ok(register(draft, registrant, circumstances)?)
}

/// A whole account, locked, and what shops decide about of it.
async fn find(
    change: &mut Change<'_>,
    named: Named<'_>,
) -> Result<Option<(Account, OwnerAccount)>, AppError> {
    let Some((owner, _)) = change.account(named).await? else {
        return Ok(None);
    };
    let account = accounts::find_for_update(&mut change.tx, owner.id).await?;
    Ok(account.map(|account| (account, owner)))
}

/// Tells whoever registered it: at the address of their token, or at the one they gave, which they still have to prove.
async fn confirm(
    change: &mut Change<'_>,
    shop: &Shop,
    confirmation: &Confirmation,
) -> Result<(), AppError> {
    let name = shop.name.clone();
    let (to, letter) = match confirmation {
        Confirmation::Registered { to, opened } => {
            let (id, opened) = (shop.id, *opened);
            let shop = name;
            (to.as_str(), Letter::ShopRegistered { shop, id, opened })
        }
        Confirmation::Activate { to } => (to.as_str(), Letter::ActivateShop { shop: name }),
    };
    change.mail(to, letter).await?;
    Ok(())
}

/// Administrators make shops without waiting for their turn, so constraints have the last word.
fn refused(error: DbError) -> AppError {
    match Unique::of(&error) {
        Some(Unique::Name | Unique::Slug) => IntakeError::DuplicateStoreName.into(),
        Some(Unique::Cuit) => IntakeError::DuplicateCuit.into(),
        Some(Unique::Email) => IntakeError::DuplicateContact {
            email: true,
            whatsapp: false,
        }
        .into(),
        Some(Unique::Owner) => IntakeError::OwnerHasShop.into(),
        Some(Unique::Id) | None => error.into(),
    }
}
