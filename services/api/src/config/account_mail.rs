//! Mails that strangers may have sent about accounts.

use std::time::Duration;

use avvivo_http_kit::Quota;
use avvivo_service_kit::config::{Reader, Section};

use super::limits;

/// How often strangers may have mails sent about accounts.
#[derive(Debug, Clone, Copy)]
pub struct AccountMailConfig {
    /// From one network.
    pub per_network: Quota,
    /// To one address.
    pub per_address: Quota,
}

impl Section for AccountMailConfig {
    const TITLE: &'static str = "Mails about accounts";

    fn read(reader: &mut Reader<'_>) -> Self {
        let window = limits::window(
            reader,
            (
                "ACCOUNT_MAIL_RATE_LIMIT_WINDOW_MS",
                "The window of these limits.",
                Duration::from_hours(1),
                "as long as a link is good",
            ),
        );
        let mut most = |name, what, default, why| Quota {
            max: limits::most(reader, (name, what, default, why)),
            window,
        };
        Self {
            per_network: most(
                "ACCOUNT_MAIL_RATE_LIMIT_IP_MAX",
                "Mails for passwords and addresses that one network may ask for in one window.",
                40,
                "a gallery of shops behind one router",
            ),
            per_address: most(
                "ACCOUNT_MAIL_RATE_LIMIT_MAX",
                "Mails for passwords and addresses that may be asked for to one address in one window.",
                5,
                "who finds none in their inbox asks again, who floods somebody is stopped",
            ),
        }
    }
}
