//! The directory: the shops of a letter.

use avvivo_app::shops::read;
use avvivo_domain::{
    identity::Caller,
    shops::{
        lists::{self, LetterPage},
        view::Viewer,
    },
};
use avvivo_http_kit::{CacheNotice, Caller as SignedIn, Problem, QueryParams, cache::Param};
use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::{IntoParams, ToSchema};

use super::{listed, viewer, views::ShopView};
use crate::{routes::ProblemView, state::ApiState};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Its first character, A to Z in either case; nothing is found without one.
    #[param(example = "L")]
    letter: Option<String>,
    /// How many: 33 unless said, at most `SHOPS_LETTER_MAX_LIMIT`.
    #[param(value_type = Option<u32>, example = 33)]
    limit: Option<String>,
    /// How many are passed over.
    #[param(value_type = Option<u32>, example = 0)]
    offset: Option<String>,
}

/// A page of the directory.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ShopsOfALetter)]
pub(crate) struct LetterView {
    items: Vec<ShopView>,
    /// Whether there are more.
    has_more: bool,
    /// As it was asked for; absent when it was no number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, example = 33)]
    limit: Option<Number>,
    /// As it was asked for, or 0.
    #[schema(value_type = f64, example = 0)]
    offset: Number,
}

/// The shops of a letter, by name
///
/// Those whose name begins with it, without an accent. Administrators see shops in every state.
#[utoipa::path(
    get,
    path = "/shops/by-letter",
    operation_id = "list_shops_by_letter",
    tag = "shops",
    params(Asked),
    responses(
        (status = 200, description = "The shops", body = LetterView),
        (status = 503, description = "The database is away", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    caller: Option<SignedIn<Caller>>,
    notice: CacheNotice,
    QueryParams(query): QueryParams<Asked>,
) -> Result<Response, Problem> {
    let viewer = viewer(caller.as_ref()).in_lists();
    let page = lists::letter_page(
        query.letter.as_deref(),
        query.limit.as_deref(),
        query.offset.as_deref(),
        state.shops.letter_max,
    );
    let compute = || async {
        let (found, has_more) = read::by_letter(&state.deps, viewer, &page).await?;
        Ok::<_, Problem>(LetterView {
            items: ShopView::all(viewer, &found),
            has_more,
            limit: page.sent_limit.clone(),
            offset: page.sent_offset.clone(),
        })
    };
    let key = key(viewer, &page);
    listed(&state, (notice, &state.rules.letter), key, compute).await
}

/// What the answer depends on. None where it is not kept: for those who see more than everybody, and where it repeats a number
/// that is not the one that counted, of which there are too many.
fn key(viewer: Viewer, page: &LetterPage) -> Option<[Param; 3]> {
    let counted = |sent: &Number, used: u32| sent.as_u64() == Some(used.into());
    let limit = match &page.sent_limit {
        None => Param::Absent,
        Some(sent) if counted(sent, page.limit) => page.limit.into(),
        Some(_) => return None,
    };
    if viewer.lists_all() || !counted(&page.sent_offset, page.offset) {
        return None;
    }
    Some([
        page.letter.map_or(Param::Absent, Param::Letter),
        limit,
        page.offset.into(),
    ])
}
