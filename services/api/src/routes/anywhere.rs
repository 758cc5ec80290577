//! What the pipeline may answer to any request, documented once for all routes. A route that says more about one of these
//! keeps its own words.

use utoipa::openapi::{
    ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder,
    path::{Operation, PathItem},
};

/// Whoever asks, whatever for.
const ALWAYS: [(&str, &str); 3] = [
    ("401", "The token names no e-mail"),
    ("403", "The account is suspended"),
    ("503", "Something we need is away"),
];

/// To everything but GET.
const COUNTED: [(&str, &str); 3] = [
    ("400", "The body is not JSON"),
    ("413", "The body is too large"),
    ("429", "Too many requests"),
];

/// Adds what routes do not say themselves.
pub(super) fn document(document: &mut OpenApi) {
    for path in document.paths.paths.values_mut() {
        let (reads, writes) = operations(path);
        for operation in reads {
            complete(operation, &ALWAYS);
        }
        for operation in writes {
            complete(operation, &ALWAYS);
            complete(operation, &COUNTED);
        }
    }
}

fn operations(path: &mut PathItem) -> (Vec<&mut Operation>, Vec<&mut Operation>) {
    let writes = [
        &mut path.post,
        &mut path.put,
        &mut path.patch,
        &mut path.delete,
    ];
    (
        path.get.iter_mut().collect(),
        writes.into_iter().flatten().collect(),
    )
}

fn complete(operation: &mut Operation, answers: &[(&str, &str)]) {
    for (status, description) in answers {
        let known = &mut operation.responses.responses;
        known
            .entry((*status).to_owned())
            .or_insert_with(|| RefOr::T(problem(description)));
    }
}

fn problem(description: &str) -> Response {
    let schema = Ref::from_schema_name("Problem");
    ResponseBuilder::new()
        .description(description)
        .content(
            "application/problem+json",
            ContentBuilder::new().schema(Some(schema)).build(),
        )
        .build()
}
