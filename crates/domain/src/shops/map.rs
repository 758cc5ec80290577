//! A shop on the map: one row of plain values, without contacts unless they are public.

use super::{Plan, PlanTier, Shop, Visibility, details, plan::TierWord, view::contacts_are_public};
use crate::reels::Platform;

/// What the map shows of a shop. Texts are trimmed, and empty when there is nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct MapRow {
    /// `Activo`: `Sí` or `No`.
    pub active: &'static str,
    /// `Uid`.
    pub uid: String,
    /// `Tipo de Usuario`.
    pub user_type: String,
    /// `Usuario`.
    pub user: String,
    /// `Nombre completo`.
    pub name: String,
    /// `Mail`.
    pub email: String,
    /// `Celular`.
    pub phone: String,
    /// `Mínimo de Compra`, in whole pesos.
    pub minimum_purchase: u32,
    /// `Direccion`.
    pub address: String,
    /// `Calle`.
    pub street: String,
    /// `Altura` and `Numero`.
    pub number: String,
    /// `Código postal` and `Codigo postal`.
    pub zip: String,
    /// `Ciudad`.
    pub city: String,
    /// `Provincia`.
    pub province: String,
    /// `Plan de Suscripcion` and `plan`.
    pub plan: String,
    /// `planTier`.
    pub plan_tier: PlanTier,
    /// `isNoPlan`.
    pub no_plan: bool,
    /// `Estado de visibilidad`.
    pub visibility: Visibility,
    /// `Logo_URL`.
    pub logo_url: String,
    /// `imagen_destacada_url`.
    pub cover_url: String,
    /// `url_catalogo`.
    pub catalog_url: String,
    /// `Instagram_URL`.
    pub instagram_url: String,
    /// `mapsUrl`.
    pub maps_url: String,
    /// `url_tienda`.
    pub website: String,
    /// `url_imagen`.
    pub image_url: String,
    /// `imagen_tienda_url`.
    pub store_image_url: String,
    /// `lat`.
    pub lat: Option<f64>,
    /// `lng`.
    pub lng: Option<f64>,
}

/// The row of a shop that is public.
pub fn row(shop: &Shop) -> MapRow {
    let stored = shop.address_details.as_ref();
    let part = |key| details::part(stored, key);
    let text = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_owned();
    let contacts = contacts_are_public(shop);
    let phone = shop.whatsapp_lines.first().map(|line| line.number.clone());
    MapRow {
        active: if shop.active { "Sí" } else { "No" },
        uid: part("legacyUid").unwrap_or_else(|| shop.id.to_string()),
        user_type: part("legacyUserType").unwrap_or_else(|| "tienda".to_owned()),
        user: part("legacyUser").unwrap_or_else(|| user(shop)),
        name: shop.name.trim().to_owned(),
        email: if contacts {
            text(&shop.email)
        } else {
            String::new()
        },
        phone: phone.filter(|_| contacts).unwrap_or_default(),
        minimum_purchase: shop.minimum_purchase,
        address: address(shop),
        street: part("street").unwrap_or_default(),
        number: part("number").unwrap_or_default(),
        zip: part("zip").unwrap_or_default(),
        city: part("city").unwrap_or_default(),
        province: part("province").unwrap_or_default(),
        plan: shop.plan.trim().to_owned(),
        plan_tier: shop.plan_tier,
        no_plan: shop.has_no_plan(),
        visibility: shop.effective_visibility(),
        logo_url: text(&shop.logo_url),
        cover_url: text(&shop.cover_url),
        catalog_url: part("catalogUrl").unwrap_or_default(),
        instagram_url: instagram(shop).filter(|_| contacts).unwrap_or_default(),
        maps_url: part("mapsUrl").unwrap_or_default(),
        website: text(&shop.website),
        image_url: part("imageUrl").unwrap_or_default(),
        store_image_url: part("storeImageUrl").unwrap_or_default(),
        lat: details::coordinate(stored, "lat"),
        lng: details::coordinate(stored, "lng"),
    }
}

fn user(shop: &Shop) -> String {
    let slug = shop.slug.trim();
    if slug.is_empty() {
        shop.name.trim()
    } else {
        slug
    }
    .to_owned()
}

/// Street and number, city, province and postcode, of those that are known; else the address as it is written.
fn address(shop: &Shop) -> String {
    let part = |key| details::part(shop.address_details.as_ref(), key);
    let door: Vec<String> = [part("street"), part("number")]
        .into_iter()
        .flatten()
        .collect();
    let door = Some(door.join(" ")).filter(|door| !door.is_empty());
    let parts: Vec<String> = [door, part("city"), part("province"), part("zip")]
        .into_iter()
        .flatten()
        .collect();
    if parts.is_empty() {
        let written = shop.address_display.as_ref().or(shop.address.as_ref());
        written
            .map(|written| written.trim().to_owned())
            .unwrap_or_default()
    } else {
        parts.join(", ")
    }
}

/// Networks are part of what a higher plan buys.
fn instagram(shop: &Shop) -> Option<String> {
    if Plan::read(&shop.plan).word() == TierWord::Estandar {
        return None;
    }
    let of_instagram = shop
        .social_handles
        .iter()
        .find(|social| social.platform == Platform::Instagram)?;
    let handle = of_instagram.handle.trim();
    Some(if handle.starts_with("http") {
        handle.to_owned()
    } else {
        format!("https://instagram.com/{}", handle.trim_start_matches('@'))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::shops::{SocialHandle, record::example};

    #[test]
    fn the_documented_example_becomes_its_row() {
        let row = row(&example::shop());
        assert_eq!(
            (row.active, row.uid.as_str(), row.user_type.as_str()),
            ("Sí", "20417", "tienda")
        );
        assert_eq!(
            (row.user.as_str(), row.name.as_str()),
            ("luna-azul", "Luna Azul")
        );
        assert_eq!(
            (row.email.as_str(), row.phone.as_str()),
            ("ventas@lunaazul.com.ar", "+5491144440101")
        );
        assert_eq!(row.address, "Cuenca 612, CABA, CABA, 1406");
        assert_eq!(
            (row.street.as_str(), row.number.as_str(), row.zip.as_str()),
            ("Cuenca", "612", "1406")
        );
        assert_eq!(
            (row.plan.as_str(), row.visibility, row.no_plan),
            ("ALTA", Visibility::Lit, false)
        );
        assert_eq!(row.instagram_url, "https://instagram.com/lunaazul.ok");
        assert_eq!(row.catalog_url, "https://catalogo.example/luna");
        assert_eq!((row.lat, row.lng), (Some(-34.6281), Some(-58.4779)));
        assert_eq!((row.cover_url.as_str(), row.maps_url.as_str()), ("", ""));
    }

    #[test]
    fn contacts_are_shown_only_of_lit_shops_with_a_plan() {
        let shop = example::shop;
        for hidden in [
            Shop {
                contacts_public: false,
                ..shop()
            },
            Shop {
                visibility: Visibility::Dimmed,
                ..shop()
            },
            Shop {
                plan: "none".to_owned(),
                ..shop()
            },
            Shop {
                plan_tier: PlanTier::None,
                ..shop()
            },
        ] {
            let row = row(&hidden);
            assert_eq!(
                (row.email, row.phone, row.instagram_url),
                Default::default()
            );
        }
        let no_plan = row(&Shop {
            plan: "none".to_owned(),
            ..shop()
        });
        assert_eq!(
            (no_plan.no_plan, no_plan.visibility),
            (true, Visibility::Dimmed)
        );
    }

    #[test]
    fn networks_need_a_higher_plan_and_links_stay() {
        let with = |handle: &str, plan: &str| {
            let social_handles = vec![SocialHandle {
                platform: Platform::Instagram,
                handle: handle.to_owned(),
            }];
            row(&Shop {
                social_handles,
                plan: plan.to_owned(),
                ..example::shop()
            })
            .instagram_url
        };
        assert_eq!(
            with("https://instagram.com/x", "PRO"),
            "https://instagram.com/x"
        );
        assert_eq!(with("@x", "PRO"), "https://instagram.com/x");
        assert_eq!(with("x", "BASIC"), "");
    }

    #[test]
    fn what_is_missing_is_empty_or_falls_back() {
        let bare = row(&Shop {
            address_details: json!({"lat": null, "lng": ""}).as_object().cloned(),
            address_display: Some(" Cuenca 612 · Local 1 ".to_owned()),
            active: false,
            ..example::shop()
        });
        assert_eq!(bare.uid, example::shop().id.to_string());
        assert_eq!(
            (bare.active, bare.address.as_str()),
            ("No", "Cuenca 612 · Local 1")
        );
        assert_eq!((bare.lat, bare.lng), (None, None));
        let none = row(&Shop {
            address_details: None,
            ..example::shop()
        });
        assert_eq!(none.address, "Cuenca 612, CABA");
    }
}
