//! The steps of registering: what each reads, and what the database may say against it.

use serde_json::{Map, Value};

use super::{Address, AddressDefaults, AddressFacts, IntakeError, check_address, normal};
use crate::{
    fields::{Change, Fields},
    identity::Email,
    shops::{ShopError, SocialHandle, contacts},
    text::{self, MAX_NAME_CHARS},
};

/// A shorter name says nothing.
const MIN_NAME_CHARS: usize = 4;

wire_enum! {
    /// A step that is checked before all is sent.
    Step {
        /// Name and taxes.
        Identity = "identity",
        /// Where it is.
        Address = "address",
        /// How to reach it.
        Contact = "contact",
    }
}

impl Step {
    /// Reads the field of a request; case and spaces around do not matter.
    pub fn read(value: Option<&Value>) -> Result<Self, IntakeError> {
        value
            .and_then(Value::as_str)
            .and_then(|word| Self::parse(&word.trim().to_lowercase()))
            .ok_or(IntakeError::InvalidStep)
    }
}

/// Who the shop is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// As it is shown.
    pub name: String,
    /// As it is compared.
    pub normalized_name: String,
    /// Its legal name.
    pub razon_social: String,
    /// Eleven digits.
    pub cuit: String,
}

impl Identity {
    /// Reads `storeName`, `razonSocial` and `cuit`, in this order.
    pub fn read(body: &Map<String, Value>) -> Result<Self, IntakeError> {
        let fields = Fields::of(body);
        let name = store_name(body)?;
        let razon_social = name_of_law(fields)?;
        let cuit = text_of(fields, "cuit")
            .and_then(|typed| normal::cuit(&typed))
            .ok_or(IntakeError::InvalidCuit)?;
        Ok(Self {
            normalized_name: text::match_form(&name),
            name,
            razon_social,
            cuit,
        })
    }
}

/// Reads `storeName` alone, as it is shown: the step of the address wants no more of who the shop is.
pub fn store_name(body: &Map<String, Value>) -> Result<String, IntakeError> {
    name(Fields::of(body), "storeName").ok_or(IntakeError::InvalidStoreName)
}

fn name_of_law(fields: Fields<'_>) -> Result<String, IntakeError> {
    name(fields, "razonSocial").ok_or(IntakeError::InvalidRazonSocial)
}

fn name(fields: Fields<'_>, field: &'static str) -> Option<String> {
    text_of(fields, field).filter(|name| text::is_longer(name, MIN_NAME_CHARS - 1))
}

fn text_of(fields: Fields<'_>, field: &'static str) -> Option<String> {
    fields
        .text(field, MAX_NAME_CHARS)
        .ok()
        .and_then(Change::value)
}

/// How to reach the shop, for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Where we write.
    pub email: Email,
    /// `+549` and ten digits.
    pub whatsapp: String,
}

impl Contact {
    /// Reads `email` and `whatsapp`, in this order.
    pub fn read(body: &Map<String, Value>) -> Result<Self, IntakeError> {
        let fields = Fields::of(body);
        let email = Email::read(fields.raw("email")).map_err(|_| IntakeError::InvalidEmail)?;
        let whatsapp = text_of(fields, "whatsapp")
            .and_then(|typed| normal::whatsapp(&typed))
            .ok_or(IntakeError::InvalidWhatsapp)?;
        Ok(Self { email, whatsapp })
    }
}

/// What other shops have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IdentityFacts {
    /// The same digits.
    pub cuit_taken: bool,
    /// The same normalised name.
    pub name_taken: bool,
}

/// What other shops have, in public or in private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ContactFacts {
    /// The same address.
    pub email_taken: bool,
    /// The same number.
    pub whatsapp_taken: bool,
}

/// Whether nobody else is that shop.
pub fn check_identity(facts: IdentityFacts) -> Result<(), IntakeError> {
    check_cuit(facts)?;
    check_name(facts)
}

fn check_cuit(facts: IdentityFacts) -> Result<(), IntakeError> {
    if facts.cuit_taken {
        Err(IntakeError::DuplicateCuit)
    } else {
        Ok(())
    }
}

fn check_name(facts: IdentityFacts) -> Result<(), IntakeError> {
    if facts.name_taken {
        Err(IntakeError::DuplicateStoreName)
    } else {
        Ok(())
    }
}

/// Whether nobody else is reached there.
pub fn check_contact(facts: ContactFacts) -> Result<(), IntakeError> {
    let (email, whatsapp) = (facts.email_taken, facts.whatsapp_taken);
    if email || whatsapp {
        Err(IntakeError::DuplicateContact { email, whatsapp })
    } else {
        Ok(())
    }
}

/// All that the database says against a draft.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// Of name and taxes.
    pub identity: IdentityFacts,
    /// Of contacts.
    pub contact: ContactFacts,
    /// Of the address.
    pub address: AddressFacts,
}

/// A whole registration.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Who.
    pub identity: Identity,
    /// Where.
    pub address: Address,
    /// How we reach it.
    pub contact: Contact,
    /// Its networks, where everybody finds it.
    pub social_handles: Vec<SocialHandle>,
    /// Its own site.
    pub website: Option<String>,
    /// Its picture.
    pub logo_url: Option<String>,
    /// What its client adds, as it was sent.
    pub intake_meta: Option<Map<String, Value>>,
}

impl Draft {
    /// Reads a registration; what is wrong is told in the documented order.
    pub fn read(
        body: &Map<String, Value>,
        defaults: &AddressDefaults,
    ) -> Result<Self, IntakeError> {
        let fields = Fields::of(body);
        let address = Address::read(fields.raw("address"), defaults)?;
        let identity = Identity::read(body)?;
        let contact = Contact::read(body)?;
        check_consents(fields)?;
        let social_handles = contacts::social_handles(fields)
            .map_err(|_: ShopError| IntakeError::InvalidField("socialHandles"))?
            .value()
            .unwrap_or_default();
        let website = website(fields)?;
        if social_handles.is_empty() && website.is_none() {
            return Err(IntakeError::MissingSocial);
        }
        Ok(Self {
            identity,
            address,
            contact,
            social_handles,
            website,
            logo_url: url(fields, "logoUrl")?,
            intake_meta: fields.raw("intakeMeta").and_then(Value::as_object).cloned(),
        })
    }

    /// Whether nobody else is that shop, there; in the documented order.
    pub fn check(&self, facts: &Facts) -> Result<(), IntakeError> {
        check_name(facts.identity)?;
        check_cuit(facts.identity)?;
        check_contact(facts.contact)?;
        check_address(
            &self.address,
            Some(&self.identity.normalized_name),
            &facts.address,
        )?;
        Ok(())
    }
}

fn check_consents(fields: Fields<'_>) -> Result<(), IntakeError> {
    let given = |key| {
        let consents = fields.raw("consents");
        consents
            .and_then(|consents| consents.get(key))
            .and_then(Value::as_bool)
            == Some(true)
    };
    if given("termsAccepted") && given("contactAccepted") {
        Ok(())
    } else {
        Err(IntakeError::MissingConsents)
    }
}

fn url(fields: Fields<'_>, field: &'static str) -> Result<Option<String>, IntakeError> {
    let typed = fields.url(field);
    typed
        .map(Change::value)
        .map_err(|_| IntakeError::InvalidField(field))
}

/// The field, or else what was put among the networks. What cannot be a site is none.
fn website(fields: Fields<'_>) -> Result<Option<String>, IntakeError> {
    let given = url(fields, "website")?;
    let among_networks = || {
        let listed = fields.raw("socialHandles")?.get("website")?;
        listed.as_str().map(str::to_owned)
    };
    Ok(given
        .or_else(among_networks)
        .and_then(|typed| normal::website(&typed)))
}

#[cfg(test)]
mod tests;
