//! What people are told when everything runs.

use std::fmt::Write as _;

use super::seed::Tokens;
use crate::place::Place;

/// The file with everything that scripts need.
const ENV_FILE: &str = "dev.env";

/// Writes the file that shells source.
pub(super) fn write_env(place: &Place, base_url: &str, tokens: &Tokens) -> anyhow::Result<()> {
    let mut text = format!("BASE_URL={base_url}\n");
    for (name, value) in tokens.tokens.iter().chain(&tokens.ids) {
        writeln!(text, "{name}={value}")?;
    }
    Ok(std::fs::write(place.file(ENV_FILE), text)?)
}

/// What is printed.
pub(super) fn text(place: &Place, base_url: &str, tokens: &Tokens) -> String {
    let env = place.file(ENV_FILE);
    let env = env.display();
    let people: Vec<&str> = tokens.tokens.iter().map(|(name, _)| *name).collect();
    format!(
        "\nAvellaneda en Vivo runs at {base_url}\n\n\
         \x20 Interface   {base_url}/docs\n\
         \x20 Feed        {base_url}/reels\n\
         \x20 Health      {base_url}/ready\n\
         \x20 Data        {}\n\n\
         Try it:\n\n\
         \x20 source {env}\n\
         \x20 curl \"$BASE_URL/reels\"\n\
         \x20 curl -H \"Authorization: Bearer $TOKEN_SHOP_1\" \"$BASE_URL/reels/shop/$SHOP_1_ID\"\n\
         \x20 curl -N -H \"Authorization: Bearer $TOKEN_SHOP_1\" \"$BASE_URL/chat/events/stream\"\n\n\
         Tokens, good for a day: {}\n",
        place.folder().display(),
        people.join(", "),
    )
}
