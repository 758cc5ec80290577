//! Where a shop is: reading, showing and comparing addresses, and who is there already.

use serde_json::{Map, Value};

use super::{
    IntakeError,
    place::{
        Place, form, jurisdiction, jurisdiction_form, number_form, street_form, written_place,
    },
};
use crate::{
    fields::{Change, FieldError, Fields},
    shops::{Gallery, details},
    text::{self, MAX_NAME_CHARS, MAX_NOTE_CHARS, MAX_TAG_CHARS},
};

/// What stands in for parts of an address that a client leaves out; configuration may say otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressDefaults {
    /// For `city`.
    pub city: String,
    /// For `province`.
    pub province: String,
    /// Of every address.
    pub country: String,
}

impl Default for AddressDefaults {
    fn default() -> Self {
        Self {
            city: "Avellaneda".to_owned(),
            province: "Buenos Aires".to_owned(),
            country: "Argentina".to_owned(),
        }
    }
}

/// An address with all that is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    street: String,
    number: String,
    city: String,
    province: String,
    country: String,
    zip: Option<String>,
    reference: Option<String>,
    /// The building, when it was declared one.
    pub gallery: Gallery,
}

impl Address {
    /// Reads the fields of `address`.
    pub fn read(body: Option<&Value>, defaults: &AddressDefaults) -> Result<Self, IntakeError> {
        let empty = Map::new();
        let fields = Fields::of(body.and_then(Value::as_object).unwrap_or(&empty));
        let required = |field, default: &str| {
            let typed = fields.text(field, MAX_NAME_CHARS);
            typed.map(|typed| typed.value().unwrap_or_else(|| text::clean(default)))
        };
        let parts = [
            ("street", required("street", "")),
            (
                "number",
                required("number", "").or_else(|_| whole_number(fields, "number")),
            ),
            ("city", required("city", &defaults.city)),
            ("province", required("province", &defaults.province)),
        ];
        let missing: Vec<_> = parts
            .iter()
            .filter(|(_, part)| !part.as_ref().is_ok_and(|part| !part.is_empty()))
            .map(|(field, _)| *field)
            .collect();
        if !missing.is_empty() {
            return Err(IntakeError::InvalidAddress(missing));
        }
        let [street, number, city, province] = parts.map(|(_, part)| part.unwrap_or_default());
        let optional = |field, max| {
            let typed = fields.text(field, max);
            typed
                .map(Change::value)
                .or_else(|_| whole_number(fields, field).map(Some))
                .map_err(|_| IntakeError::InvalidAddress(vec![field]))
        };
        Ok(Self {
            street,
            number,
            city,
            province,
            country: defaults.country.clone(),
            zip: optional("zip", MAX_TAG_CHARS)?,
            reference: optional("reference", MAX_NOTE_CHARS)?,
            gallery: gallery(fields, optional)?,
        })
    }

    /// With city, province and country, as the map is asked for it.
    pub fn base(&self) -> String {
        format!(
            "{} {}, {}, {}, {}",
            self.street, self.number, self.city, self.province, self.country
        )
    }

    /// As it is shown.
    pub fn display(&self) -> String {
        let gallery = Some(&self.gallery).filter(|gallery| gallery.declared);
        let part = |word: &str, part: Option<&String>| part.map(|part| format!(" · {word} {part}"));
        [
            Some(format!("{} {}, {}", self.street, self.number, self.city)),
            part("Galería", gallery.and_then(|gallery| gallery.name.as_ref())),
            part("Local", gallery.and_then(|gallery| gallery.local.as_ref())),
            part("Piso", gallery.and_then(|gallery| gallery.floor.as_ref())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// As it is compared: without punctuation, avenues and the capital in one spelling.
    pub fn normalized(&self) -> String {
        let place = self.place();
        format!(
            "{} {}, {}, {}, {}",
            place.street,
            place.number,
            jurisdiction_form(&self.city),
            place.province,
            form(&self.country)
        )
    }

    /// The street as somebody would find it in text, to look for candidates.
    pub fn street(&self) -> &str {
        &self.street
    }

    /// In parts, as it is stored until the map is asked for its point.
    pub fn details(&self) -> Map<String, Value> {
        let gallery = &self.gallery;
        let parts: [(&str, Value); 13] = [
            ("street", self.street.clone().into()),
            ("number", self.number.clone().into()),
            ("city", self.city.clone().into()),
            ("province", self.province.clone().into()),
            ("zip", self.zip.clone().into()),
            ("reference", self.reference.clone().into()),
            ("isGallery", gallery.declared.into()),
            ("galleryName", gallery.name.clone().into()),
            ("galleryLocal", gallery.local.clone().into()),
            ("galleryFloor", gallery.floor.clone().into()),
            ("lat", Value::Null),
            ("lng", Value::Null),
            ("mapsUrl", Value::Null),
        ];
        parts
            .map(|(key, value)| (key.to_owned(), value))
            .into_iter()
            .collect()
    }

    fn place(&self) -> Place {
        Place {
            street: street_form(&self.street),
            number: number_form(&self.number),
            province: jurisdiction(&self.city, &self.province),
        }
    }
}

/// Numbers of doors, units, floors and postcodes come as numbers, too.
fn whole_number(fields: Fields<'_>, field: &'static str) -> Result<String, FieldError> {
    let number = fields.raw(field).and_then(Value::as_u64);
    number
        .map(|number| number.to_string())
        .ok_or(FieldError::Wrong { field })
}

fn gallery(
    fields: Fields<'_>,
    optional: impl Fn(&'static str, usize) -> Result<Option<String>, IntakeError>,
) -> Result<Gallery, IntakeError> {
    let declared = fields
        .flag("isGallery")
        .map_err(|_| IntakeError::InvalidAddress(vec!["isGallery"]))?
        .value()
        .unwrap_or_default();
    if !declared {
        return Ok(Gallery::default());
    }
    let local = optional("galleryLocal", MAX_TAG_CHARS)?;
    Ok(Gallery {
        declared,
        name: optional("galleryName", MAX_NAME_CHARS)?,
        local: Some(
            local
                .ok_or(IntakeError::GalleryLocalMissing)?
                .to_uppercase(),
        ),
        floor: optional("galleryFloor", MAX_TAG_CHARS)?,
    })
}

/// A shop that may be at the same address: one with the same normalised address, or whose text names the street.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Neighbour {
    /// As stored.
    pub name: String,
    /// As stored.
    pub normalized_name: Option<String>,
    /// As stored.
    pub normalized_address_base: Option<String>,
    /// `addressDisplay`, else `address`.
    pub address: Option<String>,
    /// As stored.
    pub address_details: Option<Map<String, Value>>,
    /// As stored.
    pub gallery: Gallery,
}

/// The shops that may be at an address.
pub type AddressFacts = Vec<Neighbour>;

/// Who is at an address that may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressVerdict {
    /// Whether somebody there declared a gallery; clients are told with a notice.
    pub has_gallery: bool,
    /// How many are there.
    pub existing: usize,
}

/// Whether a shop of this name may be at this address, given who may be there.
pub fn check_address(
    address: &Address,
    normalized_name: Option<&str>,
    candidates: &[Neighbour],
) -> Result<AddressVerdict, IntakeError> {
    let there: Vec<&Neighbour> = candidates
        .iter()
        .filter(|candidate| is_there(candidate, address))
        .collect();
    let verdict = AddressVerdict {
        has_gallery: there.iter().any(|neighbour| neighbour.gallery.is_one()),
        existing: there.len(),
    };
    if verdict.existing > 0 && !address.gallery.declared {
        return Err(IntakeError::AddressRequiresGallery {
            has_gallery: verdict.has_gallery,
            existing: verdict.existing,
        });
    }
    let unit = |gallery: &Gallery| gallery.local.as_deref().map(text::token_form);
    let same_unit = |neighbour: &&&Neighbour| {
        unit(&address.gallery).is_some_and(|own| unit(&neighbour.gallery) == Some(own))
    };
    if there.iter().any(|neighbour| same_unit(&neighbour)) {
        return Err(IntakeError::DuplicateGalleryLocal {
            local: address.gallery.local.clone().unwrap_or_default(),
        });
    }
    let called = |neighbour: &Neighbour| {
        let stored = neighbour.normalized_name.clone();
        stored.unwrap_or_else(|| text::match_form(&neighbour.name))
    };
    if there
        .iter()
        .any(|neighbour| normalized_name == Some(called(neighbour).as_str()))
    {
        return Err(IntakeError::DuplicateStoreAtAddress);
    }
    Ok(verdict)
}

fn is_there(candidate: &Neighbour, address: &Address) -> bool {
    if candidate.normalized_address_base.as_deref() == Some(address.normalized().as_str()) {
        return true;
    }
    let (own, other) = (address.place(), place_of(candidate));
    let provinces_agree =
        other.province.is_empty() || own.province.is_empty() || own.province == other.province;
    !other.street.is_empty()
        && !other.number.is_empty()
        && (&own.street, &own.number) == (&other.street, &other.number)
        && provinces_agree
}

/// An entry of an index takes no more than a third of a page; what is longer is no address anyway.
const MAX_NORMALIZED_BYTES: usize = 2_600;

/// As [`Address::normalized`], of an address in parts that somebody else stored, when it has the four that count.
pub fn normalized_details(details: &Map<String, Value>) -> Option<String> {
    let normalized = stored_address(details)?.normalized();
    Some(normalized).filter(|normalized| normalized.len() <= MAX_NORMALIZED_BYTES)
}

/// An address in parts that somebody else stored, when it has the four that count.
pub fn stored_address(details: &Map<String, Value>) -> Option<Address> {
    let part = |key| details::part(Some(details), key);
    Some(Address {
        street: part("street")?,
        number: part("number")?,
        city: part("city")?,
        province: part("province")?,
        country: AddressDefaults::default().country,
        zip: None,
        reference: None,
        gallery: Gallery::default(),
    })
}

/// Where a map shows a point.
pub fn maps_url((lat, lng): (f64, f64)) -> String {
    format!("https://www.google.com/maps/search/?api=1&query={lat},{lng}")
}

fn place_of(candidate: &Neighbour) -> Place {
    let stored = |key| details::part(candidate.address_details.as_ref(), key);
    let written = candidate.address.as_deref().map(written_place);
    let written = written.unwrap_or_default();
    let street = stored("street").unwrap_or(written.0);
    let number = stored("number").unwrap_or(written.1);
    let city = stored("city").unwrap_or(written.2);
    let province = stored("province").unwrap_or(written.3);
    Place {
        street: street_form(&street),
        number: number_form(&number),
        province: jurisdiction(&city, &province),
    }
}

#[cfg(test)]
mod tests;
