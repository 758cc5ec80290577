//! A page to read the mails that nobody sent: `/dev/mail`, which lists them, and shows both parts of one. It is not there
//! where no folder keeps them.

use std::{io, time::SystemTime};

use avvivo_http_kit::Problem;
use avvivo_kernel::{ErrorKind, Timestamp, time::to_wire};
use avvivo_vendors::{KeptMail, Mailbox};
use axum::{
    Json, Router,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName};
use serde::Serialize;

use super::{HTML, Part, SCRIPT, STYLE, parts};

const PARTS: [Part; 3] = [
    ("/dev/mail", HTML, include_str!("mail.html")),
    ("/dev/mail/mail.css", STYLE, include_str!("mail.css")),
    ("/dev/mail/mail.js", SCRIPT, include_str!("mail.js")),
];

/// The page's own scripts and styles only, and frames of ours.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'";

/// A mail runs nothing and asks nobody, wherever it is opened; it is a document of no origin.
const MAIL_POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// The page, for the mails of a folder. Without one there is nothing.
pub(super) fn router(mailbox: Option<Mailbox>) -> Router {
    let Some(mailbox) = mailbox else {
        return Router::new();
    };
    Router::new()
        .route("/dev/mail/mails.json", get(list))
        .route("/dev/mail/mails/{id}/html", get(html))
        .with_state(mailbox)
        .merge(parts(PARTS, POLICY))
}

/// A mail as the page shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MailView {
    id: String,
    to: String,
    subject: String,
    text: String,
    template: Option<String>,
    sent_at: String,
}

impl MailView {
    fn of((mail, at): (KeptMail, SystemTime)) -> Self {
        Self {
            id: mail.id,
            to: mail.to,
            subject: mail.subject,
            text: mail.text,
            template: mail.template,
            sent_at: to_wire(Timestamp::from(at)),
        }
    }
}

async fn list(State(mailbox): State<Mailbox>) -> Result<Response, Problem> {
    let mails = mailbox.list().await.map_err(|error| broken(&error))?;
    let mails: Vec<_> = mails.into_iter().map(MailView::of).collect();
    Ok(([(CACHE_CONTROL, "no-store")], Json(mails)).into_response())
}

async fn html(State(mailbox): State<Mailbox>, Path(id): Path<String>) -> Result<Response, Problem> {
    let mail = mailbox.find(&id).await.map_err(|error| broken(&error))?;
    let mail = mail.ok_or_else(|| {
        Problem::new(ErrorKind::NotFound, "dev.no_mail", "Ese correo ya no está.")
    })?;
    let headers: [(HeaderName, &str); 3] = [
        (CONTENT_TYPE, HTML),
        (CONTENT_SECURITY_POLICY, MAIL_POLICY),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, mail.html).into_response())
}

fn broken(error: &io::Error) -> Problem {
    tracing::warn!(%error, "the mailbox cannot be read");
    let message = "No pudimos leer los correos guardados.";
    Problem::new(ErrorKind::Unavailable, "dev.no_mailbox", message)
}
