//! A request becomes a chat request (contract §2, §3.6).

use crate::error::BadRequest;
use crate::json::{ObjectWriter, RawObject};
use crate::messages::fields::{Fields, Path};
use crate::messages::read::{self, UNTRANSLATABLE};
use crate::messages::thinking::Thinking;
use crate::messages::{output, tools, turns};
use crate::translation::Translation;

/// Longest `user` that chat takes (contract §2.1).
const USER_CHARACTERS_MAX: usize = 256;

/// Members that are translated one by one.
const TRANSLATED: &[&str] = &[
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "output_format",
    "stop_sequences",
    "metadata",
    "fallbacks",
    "service_tier",
    "speed",
];

/// Writes the request as members of a chat request; returns the names of what is left out.
pub(super) fn to_chat(
    object: &RawObject,
    chat: &mut ObjectWriter<'_>,
) -> Result<Vec<String>, BadRequest> {
    let mut chat = Translation::new(chat);
    turns::write(object, &mut chat)?;
    own_members(object, &mut chat)?;
    let is_own = |name: &str| TRANSLATED.contains(&name) || UNTRANSLATABLE.contains(&name);
    for (name, _) in object.members().filter(|(_, raw)| *raw != "null") {
        // A client may have sent chat's own name as well.
        if UNTRANSLATABLE.contains(&name) || (chat.has(name) && !TRANSLATED.contains(&name)) {
            chat.lose(name);
        }
    }
    chat.pass_on(object, is_own);
    Ok(chat.finish())
}

/// Writes the members that chat has by another name.
fn own_members(object: &RawObject, chat: &mut Translation<'_, '_>) -> Result<(), BadRequest> {
    tools::write(object, chat)?;
    let thinking = Thinking::read(object)?;
    thinking.write(chat);
    if chat.has("reasoning") {
        chat.supersede("reasoning_effort");
    }
    if let Some(verbosity) = thinking.verbosity() {
        chat.field("verbosity", verbosity.as_str());
    }
    if let Some(schema) = output::schema(object)? {
        output::write(schema, chat);
    }
    output::left_out(object, chat)?;
    if let Some(stops) = read::stop_sequences(object)? {
        chat.stops("stop_sequences", &stops);
    }
    if let Some(models) = read::fallbacks(object)? {
        chat.field("models", &models);
    }
    write_user(object, chat)?;
    write_service_tier(object, chat);
    Ok(())
}

/// `metadata.user_id`, unless the client names the user as chat does.
fn write_user(object: &RawObject, chat: &mut Translation<'_, '_>) -> Result<(), BadRequest> {
    if let Some(raw) = object.member("metadata") {
        let metadata = Fields::read(raw, Path::top("metadata"))?;
        for name in metadata.names().filter(|name| *name != "user_id") {
            chat.lose(format!("metadata.{name}"));
        }
    }
    let Some(user) = read::user(object)? else { return Ok(()) };
    if object.member("user").is_some() || user.chars().count() > USER_CHARACTERS_MAX {
        chat.lose("metadata.user_id");
    } else {
        chat.field("user", &user);
    }
    Ok(())
}

/// `standard_only` is this dialect's word for the ordinary tier, and `speed` for the fast one.
fn write_service_tier(object: &RawObject, chat: &mut Translation<'_, '_>) {
    let is_hurried = read::is_hurried(object);
    let speed = object.member("speed").filter(|raw| *raw != r#""standard""#);
    if speed.is_some() && !is_hurried {
        chat.lose("speed");
    }
    match object.member("service_tier") {
        _ if is_hurried => chat.field("service_tier", "priority"),
        Some(r#""standard_only""#) => chat.field("service_tier", "default"),
        Some(raw) => chat.raw("service_tier", raw),
        None => {}
    }
}
