#![expect(missing_docs, reason = "tests are named after what they show")]
#![expect(
    clippy::unwrap_used,
    reason = "in tests a broken expectation is a failure, in helpers too"
)]

mod catalogue;
mod hostile;

use avvivo_mail::{Letter, Rendered, Standing};

const APP: &str = "https://avellanedaenvivo.com.ar";
const LINK: &str = "https://identity.test/action?mode=resetPassword&oobCode=a1b2&lang=es";

fn rendered(letter: Letter<'_>) -> Rendered {
    letter.render(APP).unwrap()
}

/// Each letter, about a shop of that name.
fn letters(shop: &str) -> [Letter<'_>; 9] {
    let registered = |standing| Letter::ShopRegistered {
        shop,
        shop_url: "https://avellanedaenvivo.com.ar/tiendas/0d7c2f4e",
        standing,
    };
    [
        Letter::Welcome,
        Letter::ConfirmAccount { link: LINK },
        Letter::ActivateShop {
            shop: Some(shop),
            link: LINK,
        },
        registered(Standing::PendingReview),
        registered(Standing::MapOnly),
        registered(Standing::Confirmed),
        Letter::RecoverPassword { link: LINK },
        Letter::ShopInvite { link: LINK },
        Letter::ResetShopPassword { link: LINK },
    ]
}
