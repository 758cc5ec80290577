//! What people find in their inbox.

use avvivo_mail::Letter;

use crate::{APP, letters, rendered};

#[test]
fn every_letter_says_what_it_should() {
    let texts = letters("Luna Azul").map(|letter| {
        let rendered = rendered(letter);
        format!(
            "[{}] {}\n\n{}",
            letter.name(),
            rendered.subject,
            rendered.text
        )
    });
    insta::assert_snapshot!(texts.join("\n================\n"));
}

#[test]
fn the_page_is_one_for_all() {
    insta::assert_snapshot!(rendered(letters("Luna & \"Azul\"")[2]).html);
}

#[test]
fn a_shop_without_a_name_is_still_a_shop() {
    for shop in [None, Some("\r\n")] {
        let rendered = rendered(Letter::ActivateShop { shop, link: APP });
        assert_eq!(rendered.subject, "Activa tu tienda | Avellaneda en Vivo");
        assert!(rendered.text.contains("Tu tienda ya está cargada"));
    }
}

#[test]
fn each_has_one_button_a_preheader_and_a_way_to_the_app() {
    for letter in letters("Luna Azul") {
        let html = rendered(letter).html;
        assert_eq!(html.matches("<a ").count(), 2, "{letter:?}");
        assert_eq!(html.matches("bgcolor=\"#be185d\"").count(), 1);
        assert_eq!(html.matches("display:none").count(), 1);
        assert!(html.contains(&format!("<a href=\"{APP}\" target")));
        assert!(html.contains("name=\"color-scheme\" content=\"light dark\""));
    }
}

#[test]
fn a_letter_is_the_same_bytes_each_time() {
    for letter in letters("Luna Azul") {
        assert!(rendered(letter) == rendered(letter));
    }
}
