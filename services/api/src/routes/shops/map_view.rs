//! A shop on the map, under the names of the table that the map was first made from.

use avvivo_domain::shops::map::MapRow;
use serde::Serialize;
use utoipa::ToSchema;

/// A shop on the map. Texts are empty when there is nothing to say.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShopOnMap)]
pub(crate) struct MapRowView {
    /// `Sí` or `No`.
    #[serde(rename = "Activo")]
    active: &'static str,
    #[serde(rename = "Uid")]
    uid: String,
    #[serde(rename = "Tipo de Usuario")]
    user_type: String,
    #[serde(rename = "Usuario")]
    user: String,
    #[serde(rename = "Nombre completo")]
    name: String,
    /// Empty when contacts are not shown.
    #[serde(rename = "Mail")]
    email: String,
    /// Empty when contacts are not shown.
    #[serde(rename = "Celular")]
    phone: String,
    #[serde(rename = "Mínimo de Compra")]
    minimum_purchase: u32,
    #[serde(rename = "Direccion")]
    address: String,
    #[serde(rename = "Calle")]
    street: String,
    #[serde(rename = "Altura")]
    number: String,
    #[serde(rename = "Numero")]
    number_again: String,
    #[serde(rename = "Código postal")]
    zip: String,
    #[serde(rename = "Codigo postal")]
    zip_again: String,
    #[serde(rename = "Ciudad")]
    city: String,
    #[serde(rename = "Provincia")]
    province: String,
    #[serde(rename = "Plan de Suscripcion")]
    plan: String,
    /// `LIT` or `DIMMED`.
    #[serde(rename = "Estado de visibilidad")]
    visibility: &'static str,
    #[serde(rename = "plan")]
    plan_again: String,
    #[serde(rename = "planTier")]
    plan_tier: &'static str,
    #[serde(rename = "isNoPlan")]
    no_plan: bool,
    #[serde(rename = "Logo_URL")]
    logo_url: String,
    #[serde(rename = "imagen_destacada_url")]
    cover_url: String,
    #[serde(rename = "url_catalogo")]
    catalog_url: String,
    /// Empty when contacts are not shown.
    #[serde(rename = "Instagram_URL")]
    instagram_url: String,
    #[serde(rename = "mapsUrl")]
    maps_url: String,
    #[serde(rename = "url_tienda")]
    website: String,
    #[serde(rename = "url_imagen")]
    image_url: String,
    #[serde(rename = "imagen_tienda_url")]
    store_image_url: String,
    #[schema(example = -34.6281)]
    lat: Option<f64>,
    #[schema(example = -58.4779)]
    lng: Option<f64>,
}

impl From<MapRow> for MapRowView {
    fn from(row: MapRow) -> Self {
        Self {
            active: row.active,
            uid: row.uid,
            user_type: row.user_type,
            user: row.user,
            name: row.name,
            email: row.email,
            phone: row.phone,
            minimum_purchase: row.minimum_purchase,
            address: row.address,
            street: row.street,
            number_again: row.number.clone(),
            number: row.number,
            zip_again: row.zip.clone(),
            zip: row.zip,
            city: row.city,
            province: row.province,
            plan_again: row.plan.clone(),
            plan: row.plan,
            visibility: row.visibility.as_str(),
            plan_tier: row.plan_tier.as_str(),
            no_plan: row.no_plan,
            logo_url: row.logo_url,
            cover_url: row.cover_url,
            catalog_url: row.catalog_url,
            instagram_url: row.instagram_url,
            maps_url: row.maps_url,
            website: row.website,
            image_url: row.image_url,
            store_image_url: row.store_image_url,
            lat: row.lat,
            lng: row.lng,
        }
    }
}
