//! Logos and covers of shops, which come through us because they are drawn anew.

use avvivo_app::{
    AppError,
    shops::set_image::{self, SetImage},
};
use avvivo_domain::{
    identity::Caller,
    shops::{
        ShopError,
        images::{ImageError, ImageKind, MAX_IMAGE_BYTES},
        view::Viewer,
    },
    uploads::UploadError,
};
use avvivo_http_kit::{Form, FormRules, Problem, Reply, Require};
use avvivo_kernel::ShopId;
use axum::extract::{Request, State};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    caller::Publisher,
    routes::{ProblemView, shops::views::ShopView},
    state::ApiState,
};

/// What a form has. It is read by hand; this is for the document.
#[derive(ToSchema)]
#[schema(as = ShopImageForm)]
#[expect(dead_code, reason = "only described, never made")]
pub(crate) struct FormBody {
    /// `COVER`; anything else is the logo.
    #[schema(example = "LOGO")]
    r#type: Option<String>,
    /// For administrators. Owners always write to their own shop.
    #[schema(rename = "shopId", value_type = Option<uuid::Uuid>)]
    shop_id: Option<String>,
    /// A PNG, JPEG, WebP or GIF of up to 10 MB and 25 megapixels, whatever it is called.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
}

/// Where the picture is, and the shop that shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShopImage)]
pub(crate) struct ImageView {
    /// Also in the shop's `logoUrl` or `coverUrl`. What is there never changes; another picture has another address.
    #[schema(
        example = "https://storage.googleapis.com/avvivo-media/shops/b1a7c0de-2b1f-4a39-8f0c-4a2f5d9e7712/images/logo-0199d7c2-7a51-7e22-8f0c-4a2f5d9e7712.jpg?v=1772712345678"
    )]
    url: String,
    shop: ShopView,
}

/// Sets a shop's logo or cover
///
/// For the shop's owner and administrators; whoever is neither is refused before a byte of the file is read. The picture is
/// told by its bytes and drawn anew, upright, without what a camera wrote into it, and at most 1024 (logo) or 2048 (cover)
/// pixels long. The picture before it is deleted a day later.
#[utoipa::path(
    post,
    path = "/storage/shops/upload",
    operation_id = "upload_shop_image",
    tag = "storage",
    request_body(content = FormBody, content_type = "multipart/form-data"),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The shop shows it", body = ImageView),
        (status = 400, description = "No such picture is taken (`image.missing`, `image.format`, `image.too_many_pixels`), no shop is named (`upload.shop_missing`), or the form is not whole", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Neither an open shop nor an administrator", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such shop", body = ProblemView, content_type = "application/problem+json"),
        (status = 413, description = "More than 10 MB (`image.too_large`)", body = ProblemView, content_type = "application/problem+json"),
        (status = 503, description = "The store is away, or too many files arrive at once", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Require(Publisher(caller)): Require<Publisher>,
    request: Request,
) -> Result<Reply<ImageView>, Problem> {
    let rules = FormRules {
        file_part: "file",
        max_file_bytes: usize::try_from(MAX_IMAGE_BYTES).unwrap_or(usize::MAX),
    };
    let form = state
        .pages
        .forms
        .read(request, rules)
        .await
        .map_err(too_large)?;
    let command = SetImage {
        shop: shop(&caller, &form)?,
        kind: ImageKind::read(form.text("type")),
        file: form.file().ok_or(ImageError::Missing)?.bytes.clone(),
        caller: caller.clone(),
    };
    let kind = command.kind;
    let set = set_image::run(&state.deps, command).await?;
    let shown = match kind {
        ImageKind::Logo => &set.shop.logo_url,
        ImageKind::Cover => &set.shop.cover_url,
    };
    Ok(Reply::ok(ImageView {
        url: shown.clone().unwrap_or_default(),
        shop: ShopView::of(Viewer::of(Some(&caller)), &set),
    }))
}

/// The shop in question: an owner's own, whatever the form says.
fn shop(caller: &Caller, form: &Form) -> Result<ShopId, AppError> {
    if let (false, Some(own)) = (caller.is_admin(), caller.acting_shop()) {
        return Ok(own);
    }
    let named = form.text("shopId").map(str::trim).unwrap_or_default();
    if named.is_empty() {
        return Err(UploadError::ShopMissing.into());
    }
    named
        .parse()
        .map_err(|_: uuid::Error| ShopError::NotFound.into())
}

/// In the words for pictures.
fn too_large(problem: Problem) -> Problem {
    if problem.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ImageError::TooLarge.into()
    } else {
        problem
    }
}
