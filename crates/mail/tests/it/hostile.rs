//! Names that would rather be markup or headers.

use proptest::prelude::*;

use crate::{letters, rendered};

/// Text with much of what has a meaning in HTML, in a header, or for who writes from right to left.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<script>alert(1)</script>".to_owned()),
        Just("</td></table>".to_owned()),
        Just("\" onmouseover=\"x".to_owned()),
        Just("'><img src=x onerror=y>".to_owned()),
        Just("\r\nBcc: todos@example.com".to_owned()),
        Just("{{ page.link }}".to_owned()),
        Just("&lt;b&gt;".to_owned()),
        Just("\u{202e}\u{2028}\u{0}".to_owned()),
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

/// The markup alone: every tag with its attributes, without what is between tags.
fn tags(html: &str) -> Vec<&str> {
    html.split('<')
        .skip(1)
        .map(|rest| rest.split('>').next().unwrap_or_default())
        .collect()
}

proptest! {
    #[test]
    fn a_name_adds_no_markup(name in hostile()) {
        let plain = letters("Luna Azul");
        for (hostile, plain) in letters(&name).into_iter().zip(plain) {
            let (hostile, plain) = (rendered(hostile), rendered(plain));
            prop_assert_eq!(tags(&hostile.html), tags(&plain.html));
        }
    }

    #[test]
    fn a_subject_is_one_line_that_inboxes_show(name in hostile()) {
        for letter in letters(&name) {
            let subject = rendered(letter).subject;
            prop_assert!(!subject.chars().any(char::is_control), "{subject:?}");
            let breaks = subject.contains(['\u{2028}', '\u{2029}', '\u{202e}']);
            prop_assert!(!breaks, "{subject:?}");
            prop_assert!(subject.chars().count() < 200);
            prop_assert!(subject.contains("Avellaneda en Vivo"));
        }
    }

    #[test]
    fn a_name_adds_no_lines_to_the_text(name in hostile()) {
        let plain = letters("Luna Azul");
        for (hostile, plain) in letters(&name).into_iter().zip(plain) {
            prop_assert_eq!(rendered(hostile).text.lines().count(), rendered(plain).text.lines().count());
        }
    }
}

#[test]
fn what_a_name_means_stays_readable() {
    let activate = rendered(letters("Moda & Más <3")[2]);
    assert!(
        activate
            .html
            .contains("Moda &#38; Más &#60;3 ya está cargada")
    );
    assert!(activate.text.contains("Moda & Más <3 ya está cargada"));
    assert_eq!(
        activate.subject,
        "Activa tu tienda Moda & Más <3 | Avellaneda en Vivo"
    );
}
