//! What people are told when everything runs.

use std::fmt::Write as _;

use super::seed::Tokens;
use crate::{place::Place, settings::Neighbours};

/// The file with everything that scripts need.
const ENV_FILE: &str = "dev.env";
/// The file with the addresses and passwords of the private servers, for psql, redis-cli and gcp-local.
const SERVERS_FILE: &str = "servers.env";

/// Writes the file that shells source, to this user only: who has a token is that person.
pub(super) fn write_env(place: &Place, base_url: &str, tokens: &Tokens) -> anyhow::Result<()> {
    let mut text = format!("BASE_URL={base_url}\n");
    for (name, value) in tokens.tokens.iter().chain(&tokens.ids) {
        writeln!(text, "{name}={value}")?;
    }
    place.write_private(ENV_FILE, &text)?;
    Ok(())
}

/// Writes the file that opens the private servers, to this user only.
pub(super) fn write_servers(place: &Place, to: &Neighbours) -> anyhow::Result<()> {
    let text = format!(
        "DATABASE_URL={}\nREDIS_URL={}\nGOOGLE_URL={}\n",
        to.database_url, to.redis_url, to.google_url
    );
    place.write_private(SERVERS_FILE, &text)?;
    Ok(())
}

/// What is printed.
pub(super) fn text(place: &Place, base_url: &str, tokens: &Tokens) -> String {
    let env = place.file(ENV_FILE);
    let env = env.display();
    let people: Vec<&str> = tokens.tokens.iter().map(|(name, _)| *name).collect();
    format!(
        "\nAvellaneda en Vivo runs at {base_url}\n\n\
         \x20 Interface   {base_url}/docs\n\
         \x20 Chat        {base_url}/dev/chat (in two tabs)\n\
         \x20 Mails       {base_url}/dev/mail\n\
         \x20 Feed        {base_url}/reels\n\
         \x20 Health      {base_url}/ready\n\
         \x20 Data        {}\n\
         \x20 Servers     {}\n\n\
         Try it:\n\n\
         \x20 source {env}\n\
         \x20 curl \"$BASE_URL/reels\"\n\
         \x20 curl -H \"Authorization: Bearer $TOKEN_SHOP_1\" \"$BASE_URL/reels/shop/$SHOP_1_ID\"\n\
         \x20 curl -N -H \"Authorization: Bearer $TOKEN_SHOP_1\" \"$BASE_URL/chat/events/stream\"\n\n\
         Tokens, good for a day: {}\n",
        place.folder().display(),
        place.file(SERVERS_FILE).display(),
        people.join(", "),
    )
}
