//! Reports of our testers: pages that a tool writes and people read.

use avvivo_kernel::{ErrorKind, Fault, Timestamp};

use crate::uploads::{MEGABYTE, slug};

/// Larger reports are refused before they are read.
pub const MAX_REPORT_BYTES: u64 = 10 * MEGABYTE;
/// Where they are.
const FOLDER: &str = "reports/";
const ENDINGS: [&str; 2] = [".html", ".htm"];

/// Who wrote a report, as the tool says.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReportFrom<'a> {
    /// In whose place they tested.
    pub role: Option<&'a str>,
    /// What they are called.
    pub tester: Option<&'a str>,
}

/// Decides whether a file is taken for a report.
pub fn accept(name: &str, content_type: &str, bytes: &[u8]) -> Result<(), ReportError> {
    if bytes.is_empty() {
        return Err(ReportError::Missing);
    }
    if content_type != "text/html" && !has_ending(name) {
        return Err(ReportError::NotHtml);
    }
    Ok(())
}

/// The name of a report in the store, by the day in UTC on which it came.
pub fn object_name(from: ReportFrom<'_>, file: &str, now: Timestamp) -> String {
    let part = |said: Option<&str>, otherwise: &str| {
        let part = segment(said.unwrap_or_default());
        if part.is_empty() {
            otherwise.to_owned()
        } else {
            part
        }
    };
    let file = file.to_lowercase();
    let stem = ENDINGS.iter().find_map(|ending| file.strip_suffix(ending));
    format!(
        "{FOLDER}{}/{}/{}-{}-{}.html",
        now.format("%Y/%m/%d"),
        part(from.role, "general"),
        now.timestamp_millis(),
        part(from.tester, "tester"),
        part(Some(stem.unwrap_or(&file)), "reporte"),
    )
}

/// A word that is one segment of a path and cannot lead out of it.
fn segment(said: &str) -> String {
    let word = slug(said.trim()).replace("..", "-");
    word.trim_matches(['-', '.']).to_owned()
}

/// The report that a page is asked for.
pub fn read_path(asked: Option<&str>) -> Result<&str, ReportError> {
    let path = asked.map(str::trim).filter(|path| !path.is_empty());
    let path = path.ok_or(ReportError::PathMissing)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.');
    let is_one = path.starts_with(FOLDER)
        && path.chars().all(plain)
        && !path.contains("..")
        && !path.contains("//")
        && path.len() <= 512
        && has_ending(path);
    if is_one {
        Ok(path)
    } else {
        Err(ReportError::NotFound)
    }
}

fn has_ending(name: &str) -> bool {
    let name = name.to_lowercase();
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Why a report is not taken, or not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// Whoever sends it does not have the token, or nobody does.
    #[error("no token, or a wrong one")]
    Token,
    /// There is none.
    #[error("no report")]
    Missing,
    /// It is no page.
    #[error("not HTML")]
    NotHtml,
    /// Too many bytes.
    #[error("too many bytes")]
    TooLarge,
    /// None is asked for.
    #[error("no path")]
    PathMissing,
    /// There is no such report.
    #[error("no such report")]
    NotFound,
}

impl Fault for ReportError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Token => ErrorKind::Unauthenticated,
            Self::Missing | Self::NotHtml | Self::PathMissing => ErrorKind::Invalid,
            Self::TooLarge => ErrorKind::TooLarge,
            Self::NotFound => ErrorKind::NotFound,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Token => "report.token",
            Self::Missing => "report.missing",
            Self::NotHtml => "report.not_html",
            Self::TooLarge => "report.too_large",
            Self::PathMissing => "report.path_missing",
            Self::NotFound => "report.not_found",
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Token => "El token de QA no es válido.".to_owned(),
            Self::Missing => "Falta el archivo HTML del reporte.".to_owned(),
            Self::NotHtml => "El reporte tiene que ser un archivo .html.".to_owned(),
            Self::TooLarge => format!(
                "El reporte es muy pesado: puede tener hasta {} MB.",
                MAX_REPORT_BYTES / MEGABYTE
            ),
            Self::PathMissing => "Falta decir qué reporte querés ver.".to_owned(),
            Self::NotFound => "No encontramos ese reporte.".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pages_are_taken_by_type_or_name() {
        for (name, kind) in [("a.html", ""), ("A.HTM", "text/plain"), ("a", "text/html")] {
            assert_eq!(accept(name, kind, b"x"), Ok(()));
        }
        assert_eq!(accept("a.pdf", "", b"x"), Err(ReportError::NotHtml));
        assert_eq!(accept("a.html", "", b""), Err(ReportError::Missing));
    }

    #[test]
    fn a_report_is_named_by_its_day_and_who_wrote_it() {
        let now = "2026-03-06T23:59:59.999Z".parse().unwrap();
        let from = ReportFrom {
            role: Some("Tienda"),
            tester: Some("Ana María"),
        };
        assert_eq!(
            object_name(from, "Vuelta 1.HTML", now),
            "reports/2026/03/06/tienda/1772841599999-ana-mar-a-vuelta-1.html"
        );
        assert_eq!(
            object_name(ReportFrom::default(), ".html", now),
            "reports/2026/03/06/general/1772841599999-tester-reporte.html"
        );
    }

    #[test]
    fn only_reports_are_shown() {
        let path = "reports/2026/03/06/general/1-a-b.html";
        assert_eq!(read_path(Some(path)), Ok(path));
        assert_eq!(read_path(None), Err(ReportError::PathMissing));
        assert_eq!(read_path(Some(" ")), Err(ReportError::PathMissing));
        for path in [
            "shops/1/a.html",
            "/reports/a.html",
            "reports/../shops/a.html",
            "reports//a.html",
            "reports/a.png",
            "reports/a\n.html",
            "reports/%2e%2e/a.html",
            "reportsx/a.html",
        ] {
            assert_eq!(read_path(Some(path)), Err(ReportError::NotFound), "{path}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_report_is_called_it_can_be_shown(role in any::<String>(), tester in any::<String>(), file in any::<String>()) {
            let from = ReportFrom { role: Some(&role), tester: Some(&tester) };
            let name = object_name(from, &file, Timestamp::default());
            prop_assert_eq!(read_path(Some(&name)), Ok(name.as_str()));
            prop_assert_eq!(name.split('/').count(), 6);
        }
    }
}
