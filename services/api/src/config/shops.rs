//! The lists of shops, and how shops register themselves.

use std::time::Duration;

use avvivo_domain::shops::{intake::AddressDefaults, lists::DEFAULT_PRIVATE_MAX};
use avvivo_http_kit::Quota;
use avvivo_service_kit::config::{Reader, Section};

use super::limits;

/// How much the lists of shops show at once.
#[derive(Debug, Clone, Copy)]
pub struct ShopsConfig {
    /// To shops and administrators.
    pub private_max: u32,
    /// Of a letter.
    pub letter_max: u32,
    /// Featured, when nothing is said.
    pub featured_default: u32,
    /// Featured.
    pub featured_max: u32,
}

impl Section for ShopsConfig {
    const TITLE: &'static str = "Shops";

    fn read(reader: &mut Reader<'_>) -> Self {
        let mut most = |name, what, default, why| {
            reader
                .number(name, what)
                .between(1, 10_000)
                .default(default, why)
        };
        Self {
            private_max: most(
                "SHOPS_MAX_LIMIT",
                "Shops that shops and administrators get at once.",
                DEFAULT_PRIVATE_MAX,
                "their pages ask for 120 and stop at a shorter page",
            ),
            letter_max: most(
                "SHOPS_LETTER_MAX_LIMIT",
                "Shops of a letter at once.",
                100,
                "three screens of the directory",
            ),
            featured_default: most(
                "FEATURED_DEFAULT_LIMIT",
                "Featured shops when no number is asked for.",
                40,
                "the front page",
            ),
            featured_max: most(
                "FEATURED_MAX_LIMIT",
                "Featured shops at once.",
                60,
                "the front page on a wide screen",
            ),
        }
    }
}

/// How shops register themselves.
#[derive(Debug, Clone)]
pub struct RegistrationConfig {
    /// Whether it is limited.
    pub limited: bool,
    /// How often one network may try.
    pub per_network: Quota,
    /// How often one e-mail or telephone may be tried from one network.
    pub per_identity: Quota,
    /// How often one network may ask whether an e-mail or a tax number is known.
    pub lookups: Quota,
    /// What stands in for parts of an address that are left out.
    pub address: AddressDefaults,
}

impl Section for RegistrationConfig {
    const TITLE: &'static str = "Registration of shops";

    fn read(reader: &mut Reader<'_>) -> Self {
        let limited = reader
            .flag(
                "SELF_REGISTER_RATE_LIMIT_ENABLED",
                "Whether registering and its checks are limited.",
            )
            .default(true, "whoever registers may be anybody");
        let window = limits::window(
            reader,
            (
                "SELF_REGISTER_RATE_LIMIT_WINDOW_MS",
                "The window of these limits.",
                Duration::from_hours(1),
                "a shop registers once",
            ),
        );
        let mut most = |name, what, default, why| Quota {
            max: limits::most(reader, (name, what, default, why)),
            window,
        };
        let per_network = most(
            "SELF_REGISTER_RATE_LIMIT_IP_MAX",
            "Attempts of one network in one window.",
            80,
            "a gallery of shops behind one router",
        );
        let per_identity = most(
            "SELF_REGISTER_RATE_LIMIT_MAX",
            "Attempts with one e-mail or telephone from one network in one window.",
            10,
            "three steps and the end, twice",
        );
        let lookups = most(
            "SHOP_LOOKUP_RATE_LIMIT_MAX",
            "Questions of one network whether an e-mail or tax number is known, in one window.",
            300,
            "people who type, not lists that are tried",
        );
        Self {
            limited,
            per_network,
            per_identity,
            lookups,
            address: address_defaults(reader),
        }
    }
}

fn address_defaults(reader: &mut Reader<'_>) -> AddressDefaults {
    let defaults = AddressDefaults::default();
    let mut part = |name, what, default: String| {
        reader
            .text(name, what)
            .default(default, "what it has always been")
    };
    AddressDefaults {
        city: part(
            "SELF_REGISTER_GEOCODE_CITY",
            "City of addresses without one.",
            defaults.city,
        ),
        province: part(
            "SELF_REGISTER_GEOCODE_PROVINCE",
            "Province of addresses without one.",
            defaults.province,
        ),
        country: part(
            "SELF_REGISTER_GEOCODE_COUNTRY",
            "Country of all addresses.",
            defaults.country,
        ),
    }
}
