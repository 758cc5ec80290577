//! What each letter says. Subjects and buttons are words that people already look for in their inbox; the rest is ours.

use crate::{Letter, Standing, line::line};

/// What stands for a shop that has no name yet.
const NAMELESS_SHOP: &str = "Tu tienda";
const ONE_TIME_LINK: &str = "El enlace sirve una sola vez y vence en poco tiempo.";
const NOT_ASKED_FOR: &str =
    "Si no lo pediste, no hace falta que hagas nada: sin este enlace nadie puede cambiar tu clave.";

/// The values of the one page that all letters are.
pub(crate) struct Page<'a> {
    pub(crate) subject: String,
    /// What inboxes show after the subject.
    pub(crate) preheader: &'static str,
    pub(crate) heading: &'static str,
    pub(crate) paragraphs: Vec<String>,
    pub(crate) button: &'static str,
    pub(crate) link: &'a str,
    /// Small print under the button.
    pub(crate) note: String,
}

impl<'a> Letter<'a> {
    pub(crate) fn page<'p>(&self, app_url: &'p str) -> Page<'p>
    where
        'a: 'p,
    {
        match *self {
            Letter::Welcome => welcome(app_url),
            Letter::ConfirmAccount { link } => confirm_account(link),
            Letter::ActivateShop { shop, link } => activate_shop(shop, link),
            Letter::ShopRegistered {
                shop,
                shop_url,
                standing,
            } => shop_registered(shop, shop_url, standing),
            Letter::RecoverPassword { link } => recover_password(link),
            Letter::ShopInvite { link } => shop_invite(link),
            Letter::ResetShopPassword { link } => reset_shop_password(link),
        }
    }
}

/// A shop's name as we say it; `None` when nothing is left of it.
fn named(shop: &str) -> Option<String> {
    Some(line(shop)).filter(|name| !name.is_empty())
}

fn welcome(app_url: &str) -> Page<'_> {
    Page {
        subject: "Bienvenido a Avellaneda en Vivo".to_owned(),
        preheader: "Tu cuenta está lista para seguir tiendas, reels y vivos.",
        heading: "¡Te damos la bienvenida!",
        paragraphs: vec![
            "Tu cuenta en Avellaneda en Vivo ya está lista.".to_owned(),
            "Seguí a tus tiendas favoritas de la avenida, mirá sus reels, agendá recordatorios de los vivos y \
             escribiles cuando algo te guste."
                .to_owned(),
        ],
        button: "Ir a la plataforma",
        link: app_url,
        note: "Recibís este correo porque creaste una cuenta con esta dirección.".to_owned(),
    }
}

fn confirm_account(link: &str) -> Page<'_> {
    Page {
        subject: "Confirma tu cuenta de usuario | Avellaneda en Vivo".to_owned(),
        preheader: "Falta un paso: confirmá que este correo es tuyo.",
        heading: "Confirmá tu correo",
        paragraphs: vec![
            "Para terminar de crear tu cuenta en Avellaneda en Vivo necesitamos saber que esta dirección es tuya."
                .to_owned(),
            "Tocá el botón y listo.".to_owned(),
        ],
        button: "Validar correo",
        link,
        note: format!("{ONE_TIME_LINK} Si no creaste una cuenta, ignorá este correo."),
    }
}

fn activate_shop<'p>(shop: Option<&str>, link: &'p str) -> Page<'p> {
    let shop = shop.and_then(named);
    let who = shop.as_deref().unwrap_or(NAMELESS_SHOP);
    Page {
        // Without a name the sentence would say "Activa tu tienda Tu tienda".
        subject: match &shop {
            Some(name) => format!("Activa tu tienda {name} | Avellaneda en Vivo"),
            None => "Activa tu tienda | Avellaneda en Vivo".to_owned(),
        },
        preheader: "Validá tu correo para seguir con el alta de tu tienda.",
        heading: "Tu tienda está a un paso",
        paragraphs: vec![
            format!("{who} ya está cargada en Avellaneda en Vivo."),
            "Validá tu correo para continuar con el alta y empezar a mostrar lo que vendés."
                .to_owned(),
        ],
        button: "Validar correo y continuar",
        link,
        note: format!("{ONE_TIME_LINK} Si no registraste una tienda, ignorá este correo."),
    }
}

fn shop_registered<'p>(shop: &str, shop_url: &'p str, standing: Standing) -> Page<'p> {
    let shop = named(shop).unwrap_or_else(|| NAMELESS_SHOP.to_owned());
    let (stands, next) = match standing {
        Standing::PendingReview => (
            "registro recibido y pendiente de revisión administrativa",
            "Cuando terminemos de revisar los datos, tu tienda va a aparecer publicada.",
        ),
        Standing::MapOnly => (
            "visible en modo estático",
            "Ya figura en el mapa y en los listados. Con un plan mostrás también tus contactos, reels y vivos.",
        ),
        Standing::Confirmed => (
            "registro confirmado",
            "Ya podés publicar reels, anunciar vivos y chatear con tus clientes.",
        ),
    };
    Page {
        subject: format!("Registro confirmado: {shop} | Avellaneda en Vivo"),
        preheader: "Recibimos el registro de tu tienda.",
        heading: "Registramos tu tienda",
        paragraphs: vec![
            format!("Guardamos los datos de {shop}."),
            format!("Estado: {stands}."),
            next.to_owned(),
        ],
        button: "Abrir mi tienda",
        link: shop_url,
        note: "Recibís este correo porque registraste una tienda con tu cuenta.".to_owned(),
    }
}

fn recover_password(link: &str) -> Page<'_> {
    Page {
        subject: "Recuperacion de clave | Avellaneda en Vivo".to_owned(),
        preheader: "Elegí una clave nueva para tu cuenta.",
        heading: "Elegí una clave nueva",
        paragraphs: vec![
            "Nos pidieron recuperar la clave de tu cuenta en Avellaneda en Vivo.".to_owned(),
            "Con el botón elegís una nueva y volvés a entrar.".to_owned(),
        ],
        button: "Cambiar mi clave",
        link,
        note: format!("{ONE_TIME_LINK} {NOT_ASKED_FOR}"),
    }
}

fn shop_invite(link: &str) -> Page<'_> {
    Page {
        subject: "Activa tu cuenta de tienda | Avellaneda en Vivo".to_owned(),
        preheader: "Definí tu clave y entrá al panel de tu tienda.",
        heading: "Tu tienda te espera",
        paragraphs: vec![
            "Creamos una cuenta para tu tienda en Avellaneda en Vivo.".to_owned(),
            "Definí tu clave de acceso para entrar al panel, revisar tus datos y empezar a publicar."
                .to_owned(),
        ],
        button: "Definir clave de acceso",
        link,
        note: format!("{ONE_TIME_LINK} Si no tenés una tienda, ignorá este correo."),
    }
}

fn reset_shop_password(link: &str) -> Page<'_> {
    Page {
        subject: "Reset de clave de tienda | Avellaneda en Vivo".to_owned(),
        preheader: "Elegí una clave nueva para tu tienda.",
        heading: "Restablecé la clave de tu tienda",
        paragraphs: vec![
            "El equipo de Avellaneda en Vivo inició el cambio de clave de tu tienda.".to_owned(),
            "Tocá el botón y elegí una nueva.".to_owned(),
        ],
        button: "Restablecer clave",
        link,
        note: format!("{ONE_TIME_LINK} {NOT_ASKED_FOR}"),
    }
}
