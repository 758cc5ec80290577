//! The pages that people see when a link to a reel or a live is shared: what chats and networks make a preview of, and a way
//! into the app.

use avvivo_kernel::{ReelId, StreamId, Timestamp};

use crate::{
    reels::{Reel, ReelType},
    text::clean,
};

/// Who stands behind the pages.
pub const SITE: &str = "Avvivo - by Distrito Moda";
/// What a shop without a name is called.
const NAMELESS: &str = "Tienda";

/// Where the pages and the app are, without slashes at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// What addresses of pages begin with.
    pub share: String,
    /// What addresses in the app begin with.
    pub app: String,
}

/// The shop behind what is shared.
#[derive(Debug, Clone, Copy)]
pub struct SharedShop<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its small picture.
    pub logo_url: Option<&'a str>,
    /// Its large one.
    pub cover_url: Option<&'a str>,
}

/// A page. Its texts are as people wrote them: whoever writes them into a document escapes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its own address.
    pub canonical: String,
    /// Where it leads to.
    pub target: String,
    /// Its title.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// Whether there is nothing to see any more. It then leads nobody away by itself.
    pub over: bool,
    /// A video to play.
    pub video: Option<String>,
    /// Pictures to show, the best first.
    pub pictures: Vec<String>,
    /// The picture when none of them will do.
    pub fallback: String,
}

/// The page of a reel. That of a shop that is out of sight is over.
pub fn of_reel(
    links: &Links,
    reel: &Reel,
    (shop, out_of_sight): (SharedShop<'_>, bool),
    now: Timestamp,
) -> Page {
    let (id, name) = (reel.id, name(shop));
    let over = out_of_sight || !reel.is_public_at(now);
    let video = reel.video_url.as_deref().filter(|url| is_web(url));
    let style = reel.preset_label.as_deref().map(clean).unwrap_or_default();
    let style = if style.is_empty() {
        String::new()
    } else {
        format!("Estilo: {style}. ")
    };
    let pictures = reel.thumbnail_url.as_deref().into_iter();
    let pictures = pictures
        .chain(reel.photo_urls.first().map(String::as_str))
        .chain(shop.logo_url);
    Page {
        canonical: reel_page(links, id),
        target: format!("{}/?reelId={id}", links.app),
        title: format!("{name} | {SITE}"),
        description: format!("{name} en {SITE}. {style}Miralo en Avellaneda en Vivo."),
        over,
        video: video
            .filter(|_| reel.kind == ReelType::Video && !over)
            .map(str::to_owned),
        pictures: absolute(links, pictures),
        fallback: fallback(links),
    }
}

/// The page of a live. It is never over: its address in the app says how it went.
pub fn of_stream(links: &Links, id: StreamId, title: &str, shop: SharedShop<'_>) -> Page {
    let (name, title) = (name(shop), clean(title));
    let (called, about) = if title.is_empty() {
        (format!("{name} en vivo"), String::new())
    } else {
        (title.clone(), format!("{title}. "))
    };
    Page {
        canonical: format!("{}/share/streams/{id}", links.share),
        target: format!("{}/en-vivo/{id}", links.app),
        title: format!("{called} | {SITE}"),
        description: format!("Vivo de {name} en {SITE}. {about}Sumate ahora."),
        over: false,
        video: None,
        pictures: absolute(links, shop.cover_url.into_iter().chain(shop.logo_url)),
        fallback: fallback(links),
    }
}

fn reel_page(links: &Links, id: ReelId) -> String {
    format!("{}/share/reels/{id}", links.share)
}

fn name(shop: SharedShop<'_>) -> String {
    let name = clean(shop.name);
    if name.is_empty() {
        NAMELESS.to_owned()
    } else {
        name
    }
}

fn fallback(links: &Links) -> String {
    format!("{}/img/avvivo-logo.png", links.app)
}

/// Addresses that a stranger's browser can ask for. Those of the app itself are written without their beginning.
fn absolute<'a>(links: &Links, urls: impl Iterator<Item = &'a str>) -> Vec<String> {
    urls.map(str::trim)
        .filter_map(|url| {
            if url.starts_with('/') {
                Some(format!("{}{url}", links.app))
            } else {
                is_web(url).then(|| url.to_owned())
            }
        })
        .collect()
}

fn is_web(url: &str) -> bool {
    let scheme = |scheme: &str| {
        url.get(..scheme.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
    };
    scheme("https://") || scheme("http://")
}

/// Whether an address is one of a picture that previews show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Shown,
    /// It is not: previews do not draw SVG.
    NotShown,
    /// It does not say. If it is an object of ours, the store knows; nobody else is asked.
    AskStore,
}

/// Looks at an address, and asks nobody. Logos of old are named without saying what they are; whatever else does not say is
/// taken for a picture.
pub fn verdict(url: &str) -> Verdict {
    let path = path(url).to_ascii_lowercase();
    match ending(&path) {
        "svg" => Verdict::NotShown,
        "png" | "jpg" | "jpeg" | "webp" | "gif" => Verdict::Shown,
        _ if path.split('/').any(|segment| segment == "logo") => Verdict::AskStore,
        _ => Verdict::Shown,
    }
}

/// Whether an object of that type is one.
pub fn is_picture(content_type: &str) -> bool {
    content_type.starts_with("image/") && !content_type.starts_with("image/svg")
}

/// The type of the picture at an address, as its ending says.
pub fn picture_type(url: &str) -> &'static str {
    match ending(&path(url).to_ascii_lowercase()) {
        "png" => "image/png",
        "webp" => "image/webp",
        "gif" => "image/gif",
        _ => "image/jpeg",
    }
}

fn path(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

fn ending(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
}

#[cfg(test)]
mod tests;
