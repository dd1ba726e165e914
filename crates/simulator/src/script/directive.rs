//! Reads one directive. Kept apart from [`Script`] so that the list of directives is one table.

use std::time::Duration;

use super::{Break, FailFirst, Front, MediaType, Script, ScriptError, ServedTier, WAIT_MAX};

/// Reads `name`, `name:value` or `name:value:value`.
pub(super) fn parse(text: &str) -> Result<Script, ScriptError> {
    let (name, value) = match text.split_once(':') {
        Some((name, value)) => (name.trim(), Some(value.trim())),
        None => (text, None),
    };
    let parsed = match value {
        None => flag(name),
        Some(value) => valued(name, value),
    };
    match parsed {
        Some(script) => Ok(script),
        None if is_known(name) => Err(ScriptError::Value {
            directive: name.to_owned(),
            value: value.unwrap_or_default().to_owned(),
        }),
        None => Err(ScriptError::Unknown(name.to_owned())),
    }
}

fn flag(name: &str) -> Option<Script> {
    let front = |front| Script { front: Some(front), ..Script::default() };
    Some(match name {
        // `FromStr` of the whole script sees to it; here it only has to be known.
        "none" => Script::default(),
        "hang" => front(Front::Hang),
        "hang-up" => front(Front::HangUp),
        "stall" => front(Front::Stall),
        "garbage" => front(Front::Garbage),
        "error-in-200" => front(Front::ErrorIn200),
        "empty" => front(Front::Empty),
        "too-long" => front(Front::TooLong),
        "no-usage" => Script { no_usage: true, ..Script::default() },
        "no-done" => Script { no_done: true, ..Script::default() },
        "coalesce" => Script { coalesce: true, ..Script::default() },
        _ => return None,
    })
}

fn valued(name: &str, value: &str) -> Option<Script> {
    let none = Script::default();
    let breaks = |kind| Some(Script { break_after: Some((value.parse().ok()?, kind)), ..none });
    let breaks_at = |kind| Some(Script { break_at: Some((value.parse().ok()?, kind)), ..none });
    match name {
        "stall-at" => breaks_at(Break::Stall),
        "cut-at" => breaks_at(Break::Cut),
        "reset-at" => breaks_at(Break::Reset),
        "end-at" => breaks_at(Break::End),
        "media-type" => Some(Script { media_type: Some(media_type(value)?), ..none }),
        "stall-after" => breaks(Break::Stall),
        "cut-after" => breaks(Break::Cut),
        "reset-after" => breaks(Break::Reset),
        "end-after" => breaks(Break::End),
        "error-after" => breaks(Break::Error),
        "garbage-after" => Some(Script { garbage_after: Some(value.parse().ok()?), ..none }),
        "status" => Some(Script { front: Some(Front::Status(status(value)?)), ..none }),
        "fail-first" => Some(Script { fail_first: Some(fail_first(value)?), ..none }),
        "retry-after" => Some(Script { retry_after_s: Some(value.parse().ok()?), ..none }),
        "drip" => Some(Script { drip: Some(value.parse().ok()?), ..none }),
        "delay" => Some(Script { delay: Some(wait(value)?), ..none }),
        "ttft" => Some(Script { ttft: Some(wait(value)?), ..none }),
        "tps" => Some(Script { tps: Some(value.parse().ok()?), ..none }),
        "jitter" => Some(Script { jitter_pct: Some(percent(value)?), ..none }),
        "served" => Some(Script { served: Some(served(value)?), ..none }),
        _ => None,
    }
}

fn served(value: &str) -> Option<ServedTier> {
    let tiers = [ServedTier::Default, ServedTier::Flex, ServedTier::Priority];
    tiers.into_iter().find(|tier| tier.as_str() == value)
}

fn is_known(name: &str) -> bool {
    flag(name).is_some()
        || ["1", "400", "1:500", "html", "default"]
            .iter()
            .any(|example| valued(name, example).is_some())
}

fn media_type(value: &str) -> Option<MediaType> {
    Some(match value {
        "html" => MediaType::Html,
        "text" => MediaType::Text,
        "json" => MediaType::Json,
        "events" => MediaType::Events,
        "unsaid" => MediaType::Unsaid,
        _ => return None,
    })
}

fn status(value: &str) -> Option<u16> {
    value.parse().ok().filter(|status| (200..=599).contains(status))
}

fn fail_first(value: &str) -> Option<FailFirst> {
    let (requests, status_text) = value.split_once(':')?;
    Some(FailFirst { requests: requests.trim().parse().ok()?, status: status(status_text.trim())? })
}

fn wait(milliseconds: &str) -> Option<Duration> {
    let wait = Duration::from_millis(milliseconds.parse().ok()?);
    (wait <= WAIT_MAX).then_some(wait)
}

fn percent(value: &str) -> Option<u32> {
    value.parse().ok().filter(|percent| *percent <= 100)
}
