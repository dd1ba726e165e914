//! A request becomes a chat request (contract §2, §3.6).

use crate::dialect::GATEWAY_MEMBERS;
use crate::error::BadRequest;
use crate::json::{ObjectWriter, RawObject};
use crate::messages::fields::{Fields, Lost, Path};
use crate::messages::read::{self, UNTRANSLATABLE};
use crate::messages::thinking::Thinking;
use crate::messages::{output, tools, turns};

/// Most stops that chat takes (contract §2.1).
const STOPS_MAX: usize = 4;
/// Longest `user` that chat takes (contract §2.1).
const USER_CHARACTERS_MAX: usize = 256;

/// Members that are translated one by one, or that the caller writes.
const TRANSLATED: &[&str] = &[
    "model",
    "stream",
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
    let mut lost = Lost::default();
    turns::write(object, chat, &mut lost)?;
    let written = own_members(object, chat, &mut lost)?;
    for (name, raw) in object.members().filter(|(_, raw)| *raw != "null") {
        if UNTRANSLATABLE.contains(&name) || written.contains(&name) {
            lost.add(name);
        } else if !TRANSLATED.contains(&name) && !GATEWAY_MEMBERS.contains(&name) {
            write_member(name, raw, chat);
        }
    }
    Ok(lost.into_names())
}

/// Writes the members that chat has by another name; returns chat's names, because a client may
/// have sent one of those as well.
fn own_members(
    object: &RawObject,
    chat: &mut ObjectWriter<'_>,
    lost: &mut Lost,
) -> Result<Vec<&'static str>, BadRequest> {
    let mut written = Vec::new();
    tools::write(object, chat, lost)?;
    if tools::choice(object)?.is_some_and(|choice| choice.one_at_a_time) {
        written.push("parallel_tool_calls");
    }
    let thinking = Thinking::read(object)?;
    if thinking.write(chat) {
        written.extend(["reasoning", "reasoning_effort"]);
    }
    if let Some(verbosity) = thinking.verbosity() {
        chat.field("verbosity", verbosity.as_str());
        written.push("verbosity");
    }
    if let Some(schema) = output::schema(object)? {
        output::write(schema, chat);
        written.push("response_format");
    }
    output::left_out(object, lost)?;
    if let Some(mut stops) = read::stop_sequences(object)? {
        if stops.len() > STOPS_MAX {
            stops.truncate(STOPS_MAX);
            lost.add("stop_sequences");
        }
        chat.field("stop", &stops);
        written.push("stop");
    }
    if let Some(models) = read::fallbacks(object)? {
        chat.field("models", &models);
    }
    write_user(object, chat, lost)?;
    write_service_tier(object, chat, lost);
    Ok(written)
}

/// `metadata.user_id`, unless the client names the user as chat does.
fn write_user(
    object: &RawObject,
    chat: &mut ObjectWriter<'_>,
    lost: &mut Lost,
) -> Result<(), BadRequest> {
    if let Some(raw) = object.member("metadata") {
        let metadata = Fields::read(raw, Path::top("metadata"))?;
        for name in metadata.names().filter(|name| *name != "user_id") {
            lost.add(format!("metadata.{name}"));
        }
    }
    let Some(user) = read::user(object)? else { return Ok(()) };
    if object.member("user").is_some() || user.chars().count() > USER_CHARACTERS_MAX {
        lost.add("metadata.user_id");
    } else {
        chat.field("user", &user);
    }
    Ok(())
}

/// `standard_only` is this dialect's word for the ordinary tier, and `speed` for the fast one.
fn write_service_tier(object: &RawObject, chat: &mut ObjectWriter<'_>, lost: &mut Lost) {
    let is_hurried = read::is_hurried(object);
    let speed = object.member("speed").filter(|raw| *raw != r#""standard""#);
    if speed.is_some() && !is_hurried {
        lost.add("speed");
    }
    match object.member("service_tier") {
        _ if is_hurried => chat.field("service_tier", "priority"),
        Some(r#""standard_only""#) => chat.field("service_tier", "default"),
        Some(raw) => chat.raw(b"service_tier", raw.as_bytes()),
        None => {}
    }
}

/// A member that chat may know under the same name. Its name is the client's, so it may need
/// escapes.
fn write_member(name: &str, raw: &str, chat: &mut ObjectWriter<'_>) {
    chat.member(name, raw);
}
