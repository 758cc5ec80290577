//! The statements that accept messages, for pgbench: who writes each, what their conversations are, and the messages with all
//! that they change and tell.

use std::{fmt::Write as _, path::Path};

use crate::{checkout, pgbench::Script};

use super::crowd::CLIENTS;

/// How many at once ask for a turn, as in the api.
pub(super) const AT_ONCE: u16 = 4;
/// Messages of one statement.
pub(super) const TOGETHER: u16 = 16;

const TEXT: &str = "'¿Tienen talle 44 en negro, por curva? ¿Hasta qué hora atienden hoy?'";
/// What the statement before found, with what a message of each client makes of it. Names become pgbench's variables.
const FOUND: &str = "
    array_agg(id) AS ids,
    array_agg(version) AS versions,
    array_agg(last_sequence + 1) AS places,
    array_agg(shop_read_to) AS read_to,
    array_agg(shop_unread + 1) AS unread,
    array_agg(client_account_id) AS clients,
    array_agg(shop_id) AS shops
";

/// Sixteen clients each time, whom no other connection is writing for.
pub(super) fn script(folder: &Path) -> anyhow::Result<Script> {
    let account = checkout::query_with(&[
        "FROM accounts AS a",
        "SELECT id FROM accounts WHERE firebase_uid = $1",
    ])?;
    let found = checkout::query_with(&["FROM chat_conversations AS c", "WHERE c.id = ANY($1)"])?;
    let written =
        checkout::query_with(&["UPDATE chat_conversations", "INSERT INTO chat_messages"])?;
    let each = CLIENTS / u32::from(AT_ONCE);
    let last = each - u32::from(TOGETHER);
    let mut text = format!("\\set first 1 + :client_id * {each} + random(0, {last})\n");
    for place in 0..TOGETHER {
        let email = format!("'client-' || (:first::integer + {place}) || '@avvivo.example'");
        writeln!(text, "{};", bound(&account, &[&email, &email]))?;
    }
    let ids = format!(
        "ARRAY(
            SELECT ('0c000000-0000-7000-8001-' || lpad(to_hex(number), 12, '0'))::uuid
            FROM generate_series(:first::integer, :first::integer + {TOGETHER} - 1) AS number
        )"
    );
    // Columns whose names say that they are never missing.
    let found = bound(&found, &[&ids]).replace(['!', '?'], "");
    writeln!(text, "SELECT {FOUND} FROM ({found}) AS found \\gset")?;
    let arguments = arguments();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    writeln!(text, "{};", bound(&written, &arguments))?;
    Script::write(folder, "messages", &text, &[])
}

/// What the api binds to the last statement, in the order of its parameters.
fn arguments() -> Vec<String> {
    let twice = |of: &str| {
        format!(
            "ARRAY(SELECT {of} FROM unnest(:ids::uuid []) AS id CROSS JOIN generate_series(1, 2))"
        )
    };
    let once = |of: &str| format!("ARRAY(SELECT {of} FROM unnest(:ids::uuid []))");
    let audiences = "ARRAY(
        SELECT name
        FROM unnest(:clients::text [], :shops::text []) AS pair (client, shop)
        CROSS JOIN LATERAL (VALUES ('client:' || client), ('shop:' || shop)) AS audience (name)
    )";
    let now = once("now()");
    let none = |of: &str| once(&format!("NULL::{of}"));
    let event = twice("decode(repeat('ab', 420), 'hex')");
    let plain = |text: &str| text.to_owned();
    vec![
        plain("now()"),
        plain("now() + interval '10 seconds'"),
        twice("gen_random_uuid()"),
        plain(audiences),
        event,
        twice("NULL::text"),
        twice("id"),
        plain(":ids"),
        plain(":versions"),
        plain(":places"),
        plain(":places"),
        once("0"),
        plain(":read_to"),
        plain(":unread"),
        once(TEXT),
        now.clone(),
        now.clone(),
        none("timestamptz"),
        none("timestamptz"),
        none("integer"),
        now,
        plain(":ids"),
        plain(":places"),
        once("gen_random_uuid()"),
        once("'CLIENT'"),
        plain(":clients"),
        once("'TEXT'"),
        once(TEXT),
        none("jsonb"),
    ]
}

/// A query with these in the place of its parameters.
fn bound(query: &str, arguments: &[&str]) -> String {
    let mut query = query.trim().to_owned();
    // The last first: `$2` is the beginning of `$20`.
    for (place, argument) in arguments.iter().enumerate().rev() {
        query = query.replace(&format!("${}", place + 1), &format!("({argument})"));
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_replaced_whole() {
        let many: Vec<String> = (1..=12).map(|number| format!("<{number}>")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(bound("$1 $11 $2 $12", &many), "(<1>) (<11>) (<2>) (<12>)");
    }

    #[test]
    fn every_parameter_is_bound() {
        let folder = avvivo_local_servers::DataFolder::throw_away().unwrap();
        script(folder.path()).unwrap();
        let written = std::fs::read_to_string(folder.path().join("pgbench-messages.sql")).unwrap();
        assert!(!written.contains('$'), "{written}");
    }
}
