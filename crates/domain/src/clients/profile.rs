//! Changing a profile.

use avvivo_kernel::{Timestamp, time::business_day};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};
use serde_json::{Map, Value};

use super::{Client, ClientError};
use crate::{
    fields::{Change, Fields},
    text::{MAX_NAME_CHARS, MAX_TAG_CHARS, MAX_URL_CHARS},
};

/// How many tags are kept.
const MAX_TAGS: usize = 8;
/// How many tags are read, of which [`MAX_TAGS`] are kept.
const MAX_TAGS_SENT: usize = 100;
/// Nobody alive was born before.
const FIRST_BIRTH_YEAR: i32 = 1900;

/// What a request changes of a profile; what it does not name stays, null clears.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfilePatch {
    display_name: Change<String>,
    /// What has to be nobody else's.
    pub username: Change<String>,
    avatar_url: Change<String>,
    phone: Change<String>,
    city: Change<String>,
    province: Change<String>,
    instagram_handle: Change<String>,
    birth_date: Change<NaiveDate>,
    style_tags: Change<Vec<String>>,
    marketing_opt_in: Change<bool>,
    terms_accepted: Change<bool>,
}

impl ProfilePatch {
    /// Reads a request made at `now`.
    pub fn read(body: &Map<String, Value>, now: Timestamp) -> Result<Self, ClientError> {
        let fields = Fields::of(body);
        let name = |field| fields.text(field, MAX_NAME_CHARS);
        Ok(Self {
            display_name: name("displayName")?,
            username: name("username")?
                .and_then(|typed| without_at(&typed.to_lowercase()))
                .try_map(username)?,
            avatar_url: fields.url("avatarUrl")?,
            phone: name("phone")?.try_map(|typed| phone(&typed))?,
            city: name("city")?,
            province: name("province")?,
            instagram_handle: name("instagramHandle")?.and_then(|typed| without_at(&typed)),
            birth_date: birth_date(fields.raw("birthDate"), now)?,
            style_tags: style_tags(fields)?,
            marketing_opt_in: fields.flag("marketingOptIn")?,
            terms_accepted: fields.flag("onboardingTermsAccepted")?,
        })
    }

    /// The profile after the change.
    pub fn apply(self, client: Client, now: Timestamp) -> Client {
        Client {
            display_name: self.display_name.over(client.display_name),
            username: self.username.over(client.username),
            avatar_url: self.avatar_url.over(client.avatar_url),
            phone: self.phone.over(client.phone),
            city: self.city.over(client.city),
            province: self.province.over(client.province),
            instagram_handle: self.instagram_handle.over(client.instagram_handle),
            birth_date: self.birth_date.over(client.birth_date),
            style_tags: self.style_tags.or_empty(client.style_tags),
            marketing_opt_in: self.marketing_opt_in.or_empty(client.marketing_opt_in),
            terms_accepted_at: match self.terms_accepted {
                Change::Keep => client.terms_accepted_at,
                Change::Set(true) => Some(now),
                Change::Set(false) | Change::Clear => None,
            },
            ..client
        }
        .settled(now)
    }
}

/// What the identity provider says of a buyer at each login.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Greeting {
    display_name: Option<String>,
    avatar_url: Option<String>,
}

impl Greeting {
    /// Reads a request. A login never fails over what somebody is called: what cannot be kept is not given.
    pub fn read(body: &Map<String, Value>) -> Self {
        let fields = Fields::of(body);
        let given = |field, max| fields.text(field, max).ok().and_then(Change::value);
        Self {
            display_name: given("displayName", MAX_NAME_CHARS),
            avatar_url: given("avatarUrl", MAX_URL_CHARS),
        }
    }

    /// The profile with what was empty filled in. What its owner wrote stays.
    pub fn apply(self, client: Client, now: Timestamp) -> Client {
        Client {
            display_name: client.display_name.or(self.display_name),
            avatar_url: client.avatar_url.or(self.avatar_url),
            ..client
        }
        .settled(now)
    }
}

fn without_at(handle: &str) -> Option<String> {
    let bare = handle.trim_start_matches('@').trim();
    (!bare.is_empty()).then(|| bare.to_owned())
}

fn username(name: String) -> Result<String, ClientError> {
    let fits = (3..=20).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_'));
    if fits {
        Ok(name)
    } else {
        Err(ClientError::Username)
    }
}

fn phone(typed: &str) -> Result<String, ClientError> {
    let phone: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let digits = phone.strip_prefix('+').unwrap_or(&phone);
    let fits = (8..=20).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit());
    if fits {
        Ok(phone)
    } else {
        Err(ClientError::Phone)
    }
}

/// A day, or the day of a date with time, in UTC unless it says otherwise, as a page sends the value of a date field.
fn birth_date(sent: Option<&Value>, now: Timestamp) -> Result<Change<NaiveDate>, ClientError> {
    let typed = match sent {
        None => return Ok(Change::Keep),
        Some(Value::Null | Value::Bool(false)) => return Ok(Change::Clear),
        Some(Value::String(typed)) if typed.trim().is_empty() => return Ok(Change::Clear),
        Some(Value::String(typed)) => typed.trim(),
        Some(_) => return Err(ClientError::BirthDate),
    };
    let read = NaiveDate::parse_from_str(typed, "%Y-%m-%d")
        .or_else(|_| typed.parse().map(|at: DateTime<Utc>| at.date_naive()))
        .or_else(|_| typed.parse().map(|at: NaiveDateTime| at.date()));
    read.ok()
        .filter(|date| date.year() >= FIRST_BIRTH_YEAR && *date <= business_day(now))
        .map(Change::Set)
        .ok_or(ClientError::BirthDate)
}

/// Lower case, at most eight, each once.
fn style_tags(fields: Fields<'_>) -> Result<Change<Vec<String>>, ClientError> {
    if fields.raw("styleTags").is_some_and(|sent| !sent.is_array()) {
        return Ok(Change::Clear);
    }
    let sent = fields.texts("styleTags", MAX_TAGS_SENT, MAX_TAG_CHARS)?;
    Ok(sent.map(|tags| {
        let mut kept: Vec<String> = Vec::new();
        for tag in tags.iter().take(MAX_TAGS).map(|tag| tag.to_lowercase()) {
            if !kept.contains(&tag) {
                kept.push(tag);
            }
        }
        kept
    }))
}

#[cfg(test)]
mod tests;
