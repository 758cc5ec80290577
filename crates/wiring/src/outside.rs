//! Who outside does something for an installation: sends its mails, administers its people, knows where addresses are.

use std::sync::Arc;

use avvivo_app::{Outside, outbox::Errands};
use avvivo_ports::{Geocoder, IdentityAdmin, Mailer, Unconfigured};
use avvivo_service_kit::config::{Reader, Section};
use avvivo_vendors::{
    Mailbox, NOMINATIM_URL, Nominatim, NominatimConfig, RESEND_URL, Resend, ResendConfig,
};
use secrecy::SecretString;

use crate::{
    core::Core,
    google::{Google, WiringError},
};

/// Whom to ask for what.
#[derive(Debug, Clone)]
pub struct OutsideConfig {
    /// The Firebase project whose people are ours; none: nobody can sign in, and nobody gets a link.
    pub firebase_project: Option<String>,
    /// Where the app is, without a slash at the end.
    pub app_url: String,
    /// Mails.
    pub mail: MailConfig,
    /// The map.
    pub map: MapConfig,
}

impl Section for OutsideConfig {
    const TITLE: &'static str = "Outside";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            firebase_project: reader
                .text(
                    "FIREBASE_PROJECT_ID",
                    "Firebase project whose ID tokens are believed, and whose people get links by mail.",
                )
                .optional(),
            app_url: app_url(reader),
            mail: reader.section(),
            map: reader.section(),
        }
    }
}

fn app_url(reader: &mut Reader<'_>) -> String {
    let named = reader
        .base_url(
            "APP_URL",
            "Where the app is; mails lead there. `https://avellanedaenvivo.com.ar` unless any of its names says otherwise.",
        )
        .optional();
    let mut else_named = |name| {
        reader
            .base_url(
                name,
                "Another name of `APP_URL`, read when those before it are not set.",
            )
            .optional()
    };
    let frontend = else_named("FRONTEND_URL");
    let public = else_named("PUBLIC_APP_URL");
    let known = named.or(frontend).or(public);
    known.unwrap_or_else(|| Outside::default().app_url)
}

/// How mails are sent.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// Resend's key; none: no mails are sent.
    pub api_key: Option<SecretString>,
    /// Where Resend is.
    pub url: String,
    /// Whom mails are from.
    pub from: String,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// Where mails are kept instead of being sent.
    pub folder: Option<String>,
}

impl Section for MailConfig {
    const TITLE: &'static str = "Mail";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            api_key: reader
                .secret(
                    "RESEND_API_KEY",
                    "Key of Resend. Without it mails that have to be sent are refused, and others left out.",
                )
                .optional(),
            url: reader
                .base_url("RESEND_BASE_URL", "Where Resend is.")
                .default(RESEND_URL.to_owned(), "Resend itself"),
            from: reader
                .text("RESEND_FROM", "Whom mails are from, on a domain that Resend has verified.")
                .default(
                    "Avellaneda en Vivo <no-reply@avellanedaenvivo.com.ar>".to_owned(),
                    "as it always was",
                ),
            reply_to: reader
                .text("RESEND_REPLY_TO", "Where answers to mails go.")
                .optional(),
            folder: reader
                .text(
                    "DEV_MAIL_DIR",
                    "Folder where mails are kept for `/dev/mail` instead of being sent, the same for all services; without it \
                     there is no such page.",
                )
                .local_only()
                .optional(),
        }
    }
}

impl MailConfig {
    /// The folder that stands in for a provider.
    pub fn mailbox(&self) -> Option<Mailbox> {
        self.folder.as_ref().map(Mailbox::new)
    }

    /// A folder comes first: whoever develops with a key at hand writes to nobody by accident.
    fn mailer(&self) -> Result<Option<Arc<dyn Mailer>>, WiringError> {
        if let Some(mailbox) = self.mailbox() {
            return Ok(Some(Arc::new(mailbox)));
        }
        let Some(key) = &self.api_key else {
            return Ok(None);
        };
        let resend = Resend::new(ResendConfig {
            url: self.url.clone(),
            reply_to: self.reply_to.clone(),
            ..ResendConfig::new(key.clone(), self.from.as_str())
        })?;
        Ok(Some(Arc::new(resend)))
    }
}

/// Which map is asked.
#[derive(Debug, Clone)]
pub struct MapConfig {
    /// Its search; none: nobody is asked.
    pub url: Option<String>,
    /// Who we are to it.
    pub user_agent: String,
}

impl Section for MapConfig {
    const TITLE: &'static str = "Map";

    fn read(reader: &mut Reader<'_>) -> Self {
        let production = reader.production();
        let url = reader
            .base_url(
                "SELF_REGISTER_GEOCODE_URL",
                "Search of the map (Nominatim) that is asked where shops are. In production OpenStreetMap's public one unless \
                 said, elsewhere none.",
            )
            .optional();
        Self {
            url: url.or_else(|| production.then(|| NOMINATIM_URL.to_owned())),
            user_agent: reader
                .text(
                    "SELF_REGISTER_GEOCODE_USER_AGENT",
                    "Who we are to the map; the public one wants to be able to reach us.",
                )
                .default(
                    "avellaneda-backend/1.0 (shops-self-register)".to_owned(),
                    "as it always was",
                ),
        }
    }
}

impl MapConfig {
    fn geocoder(&self) -> Result<Option<Arc<dyn Geocoder>>, WiringError> {
        let Some(url) = &self.url else {
            return Ok(None);
        };
        let map = Nominatim::new(&NominatimConfig {
            url: url.clone(),
            ..NominatimConfig::new(self.user_agent.as_str())
        })?;
        Ok(Some(Arc::new(map)))
    }
}

impl OutsideConfig {
    fn people(&self, google: &Google) -> Result<Option<Arc<dyn IdentityAdmin>>, WiringError> {
        let Some(project) = &self.firebase_project else {
            return Ok(None);
        };
        Ok(Some(Arc::new(google.people(project)?)))
    }
}

impl Core {
    /// The same parts, which reach those outside: use cases order mails and look-ups, and the relay has them done. Nothing is
    /// contacted yet.
    pub fn reaching(mut self, config: &OutsideConfig) -> Result<Self, WiringError> {
        let people = config.people(&self.google)?;
        let (mailer, geocoder) = (config.mail.mailer()?, config.map.geocoder()?);
        let outside = Outside {
            mail: mailer.is_some(),
            people: people.is_some(),
            map: geocoder.is_some(),
            app_url: config.app_url.clone(),
        };
        self.deps.people = people.unwrap_or_else(|| Arc::new(Unconfigured));
        Arc::make_mut(&mut self.deps.policy).outside = outside;
        let errands = Errands {
            deps: self.deps.clone(),
            mailer,
            geocoder,
        };
        self.relay = Arc::new(self.new_relay().running(errands));
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use avvivo_service_kit::config::load;

    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<OutsideConfig, String> {
        let source = |name: &str| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        match load::<OutsideConfig>(&source) {
            Ok(loaded) => Ok(loaded.config),
            Err(problems) => Err(problems.to_string()),
        }
    }

    #[test]
    fn the_app_is_where_the_first_of_its_names_says() {
        let app = |set: &[(&str, &str)]| read(set).unwrap().app_url;
        assert_eq!(app(&[]), "https://avellanedaenvivo.com.ar");
        assert_eq!(
            app(&[("PUBLIC_APP_URL", "https://c.test/")]),
            "https://c.test"
        );
        assert_eq!(
            app(&[
                ("PUBLIC_APP_URL", "https://c.test"),
                ("FRONTEND_URL", "https://b.test")
            ]),
            "https://b.test"
        );
        assert_eq!(
            app(&[
                ("FRONTEND_URL", "https://b.test"),
                ("APP_URL", "https://a.test/")
            ]),
            "https://a.test"
        );
    }

    #[test]
    fn without_a_key_or_a_folder_nobody_sends_mails() {
        let mailer = |set| read(set).unwrap().mail.mailer().unwrap().is_some();
        assert!(!mailer(&[]));
        assert!(mailer(&[("RESEND_API_KEY", "re_1")]));
        assert!(mailer(&[("DEV_MAIL_DIR", "/tmp/mails")]));
    }

    #[test]
    fn only_production_asks_the_public_map_unasked() {
        assert_eq!(read(&[]).unwrap().map.url, None);
        let production = read(&[("APP_ENV", "production")]).unwrap();
        assert_eq!(production.map.url.as_deref(), Some(NOMINATIM_URL));
        let own = [("SELF_REGISTER_GEOCODE_URL", "https://map.test/search")];
        let own = read(&own).unwrap().map.url;
        assert_eq!(own.as_deref(), Some("https://map.test/search"));
    }

    #[test]
    fn mails_are_not_kept_in_production() {
        let problems = read(&[("APP_ENV", "production"), ("DEV_MAIL_DIR", "/tmp/mails")]);
        assert!(problems.unwrap_err().contains("DEV_MAIL_DIR"));
    }
}
