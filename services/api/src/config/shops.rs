//! The lists of shops.

use avvivo_domain::shops::lists::DEFAULT_PRIVATE_MAX;
use avvivo_service_kit::config::{Reader, Section};

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
