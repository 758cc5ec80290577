#![doc = include_str!("../README.md")]

mod catalogue;
mod line;

use askama::Template;
use avvivo_kernel::{ErrorKind, Fault};

use catalogue::Page;

/// One mail of the catalogue, with its values. Links are absolute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letter<'a> {
    /// To who finished onboarding as a buyer. Leads to the app.
    Welcome,
    /// To a buyer whose address is not verified.
    ConfirmAccount {
        /// Verifies it.
        link: &'a str,
    },
    /// To who has a shop that waits for their address to be verified.
    ActivateShop {
        /// The shop's name, or `None` while it has none.
        shop: Option<&'a str>,
        /// Verifies the address, or sets the first password, which does too.
        link: &'a str,
    },
    /// To who registered a shop while logged in.
    ShopRegistered {
        /// The shop's name.
        shop: &'a str,
        /// The shop's page.
        shop_url: &'a str,
        /// What became of it.
        standing: Standing,
    },
    /// To who forgot their password.
    RecoverPassword {
        /// Sets a new one.
        link: &'a str,
    },
    /// To the owner of a shop that an administrator created.
    ShopInvite {
        /// Sets the first password.
        link: &'a str,
    },
    /// To the owner of a shop whose password an administrator resets.
    ResetShopPassword {
        /// Sets a new one.
        link: &'a str,
    },
}

/// How a shop stands right after it was registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// An administrator has to look at it.
    PendingReview,
    /// On the map and in lists, without contacts.
    MapOnly,
    /// Visible in full.
    Confirmed,
}

/// A letter, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// A whole document.
    pub html: String,
    /// The same without markup.
    pub text: String,
}

/// A letter could not be written out: a defect of the templates.
#[derive(Debug, thiserror::Error)]
#[error("a letter could not be rendered")]
pub struct RenderError(#[from] askama::Error);

impl Fault for RenderError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Internal
    }

    fn code(&self) -> &'static str {
        "mail.not_rendered"
    }

    fn public_message(&self) -> String {
        "No pudimos preparar el correo. Probá de nuevo en unos minutos.".to_owned()
    }
}

#[derive(Template)]
#[template(path = "letter.html")]
struct Html<'a> {
    page: &'a Page<'a>,
    app_url: &'a str,
}

#[derive(Template)]
#[template(path = "letter.txt")]
struct Text<'a> {
    page: &'a Page<'a>,
    app_url: &'a str,
}

impl Letter<'_> {
    /// Writes the letter out. `app_url` is where the app is, without a slash at the end.
    pub fn render(&self, app_url: &str) -> Result<Rendered, RenderError> {
        let page = self.page(app_url);
        let (html, text) = (
            Html {
                page: &page,
                app_url,
            },
            Text {
                page: &page,
                app_url,
            },
        );
        Ok(Rendered {
            html: html.render()?,
            text: text.render()?,
            subject: page.subject,
        })
    }

    /// A stable word for statistics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Welcome => "welcome",
            Self::ConfirmAccount { .. } => "confirm-account",
            Self::ActivateShop { .. } => "activate-shop",
            Self::ShopRegistered { .. } => "shop-registered",
            Self::RecoverPassword { .. } => "recover-password",
            Self::ShopInvite { .. } => "shop-invite",
            Self::ResetShopPassword { .. } => "reset-shop-password",
        }
    }
}
