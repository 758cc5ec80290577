//! The steps of registering, checked one by one. Nothing is written.

use avvivo_domain::shops::intake::{
    Address, AddressVerdict, Contact, Identity, IntakeError, Step, check_address, check_contact,
    check_identity, normal, store_name,
};
use avvivo_domain::text::match_form;
use avvivo_postgres::shops::{
    intake::{self, Asked},
    lists,
};
use serde_json::{Map, Value};

use crate::{AppError, Deps};

/// Checks a step; for an address, says who is there already.
pub async fn run(
    deps: &Deps,
    step: Step,
    draft: &Map<String, Value>,
) -> Result<Option<AddressVerdict>, AppError> {
    match step {
        Step::Identity => identity(deps, draft).await.map(|()| None),
        Step::Address => address(deps, draft).await.map(Some),
        Step::Contact => contact(deps, draft).await.map(|()| None),
    }
}

async fn identity(deps: &Deps, draft: &Map<String, Value>) -> Result<(), AppError> {
    let identity = Identity::read(draft)?;
    let asked = Asked {
        identity: Some(&identity),
        contact: None,
    };
    let mut conn = deps.db.acquire().await?;
    let facts = intake::facts(&mut conn, asked).await?;
    Ok(check_identity(facts.identity)?)
}

async fn address(deps: &Deps, draft: &Map<String, Value>) -> Result<AddressVerdict, AppError> {
    let address = Address::read(draft.get("address"), &deps.policy.address_defaults)?;
    let name = match_form(&store_name(draft)?);
    let mut conn = deps.db.acquire().await?;
    let there = intake::neighbours(&mut conn, &address).await?;
    Ok(check_address(&address, Some(&name), &there)?)
}

async fn contact(deps: &Deps, draft: &Map<String, Value>) -> Result<(), AppError> {
    let contact = Contact::read(draft)?;
    let asked = Asked {
        identity: None,
        contact: Some((contact.email.as_str(), &contact.whatsapp)),
    };
    let mut conn = deps.db.acquire().await?;
    let facts = intake::facts(&mut conn, asked).await?;
    Ok(check_contact(facts.contact)?)
}

/// Whether a shop has this tax number, however it is grouped.
pub async fn cuit_exists(deps: &Deps, typed: Option<&str>) -> Result<bool, AppError> {
    let cuit = typed
        .and_then(normal::cuit)
        .ok_or(IntakeError::InvalidCuit)?;
    let mut conn = deps.db.acquire().await?;
    Ok(lists::cuit_exists(&mut conn, &cuit).await?)
}
