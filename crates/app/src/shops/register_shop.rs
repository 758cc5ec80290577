//! A shop registers itself. Whoever registers at the same time waits: the same shop ten times at once is one. Where it is on
//! the map is asked afterwards.

use avvivo_domain::{
    audit::Actor,
    identity::{Account, AccountStatus, Caller, Role, UserType},
    notifications::NotificationKind,
    shops::{
        Shop,
        intake::{
            Draft, IntakeError,
            meta::Origin,
            normal::slug_base,
            register::{
                Circumstances, Confirmation, Ownership, Registrant, Registration, register,
            },
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
        if let Some(shop) = settle_owner(&mut change, &registration).await? {
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
        Some(caller) => Registrant::SignedIn(caller, account.as_ref()),
        None => Registrant::ByEmail(account.as_ref()),
    };
    let circumstances = Circumstances {
        actor: Actor::of(caller),
        id,
        point: None,
        taken_slugs: &taken_slugs,
        origin,
        now: change.now,
    };
    Ok(register(draft, registrant, circumstances)?)
}

/// A whole account, locked.
async fn find(change: &mut Change<'_>, named: Named<'_>) -> Result<Option<Account>, AppError> {
    match change.account(named).await? {
        Some((account, _)) => Ok(accounts::find_for_update(&mut change.tx, account.id).await?),
        None => Ok(None),
    }
}

/// The shop with its owner, whose account is stored; none when their address was taken in the meantime.
async fn settle_owner(
    change: &mut Change<'_>,
    registration: &Registration,
) -> Result<Option<Shop>, AppError> {
    let shop = registration.shop.clone();
    match &registration.ownership {
        Ownership::Linked(_) => Ok(Some(shop)),
        Ownership::Theirs {
            account,
            user_type,
            role,
        } => {
            if let Some((before, _)) = change.account(Named::Id(*account)).await? {
                let after = OwnerAccount {
                    user_type: *user_type,
                    role: *role,
                    ..before
                };
                change.save_account(before, after).await?;
            }
            Ok(Some(shop))
        }
        Ownership::New(email) => {
            let sells = (UserType::Client, Role::PendingStore);
            let account = |id| OwnerAccount::new(id, sells, AccountStatus::Active);
            let made = change.new_account(account, email.as_str()).await?;
            Ok(made.map(|owner| Shop {
                owner: Some(owner),
                ..shop
            }))
        }
    }
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
