//! The one table from kinds of errors to HTTP.

use avvivo_kernel::ErrorKind;
use http::StatusCode;

/// What clients read when the fault is ours.
pub(super) const INTERNAL_MESSAGE: &str =
    "Algo salió mal de nuestro lado. Intentá de nuevo en unos minutos.";

/// The status that answers an error of `kind`.
pub fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::LimitReached => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A short Spanish name of the kind.
pub(super) fn title(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Invalid => "Pedido inválido",
        ErrorKind::Unauthenticated => "Autenticación requerida",
        ErrorKind::Forbidden => "Acceso denegado",
        ErrorKind::NotFound => "No encontrado",
        ErrorKind::Conflict => "Conflicto con el estado actual",
        ErrorKind::LimitReached => "Límite alcanzado",
        ErrorKind::TooLarge => "Contenido demasiado grande",
        ErrorKind::Unavailable => "Servicio no disponible",
        ErrorKind::Timeout => "Tiempo de espera agotado",
        ErrorKind::Internal => "Error interno",
    }
}
