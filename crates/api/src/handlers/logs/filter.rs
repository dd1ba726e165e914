//! The grammar of filters: the same in lists, counts, exports and the live view.
//!
//! Values are separated by commas, and one that begins with `!` is excluded. A backslash before a
//! comma, an exclamation mark or a backslash makes it a part of the value.

use http::HeaderName;
use tollgate_store::{CallStatus, Choice, RecordFilter, WantedStatus};
use tollgate_types::{GenerationId, KeyHash, Timestamp, Usd};

use super::members::Members;
use crate::auth::Manager;
use crate::error::ApiError;
use crate::router::App;

/// Values of one member, at most.
const VALUES_MAX: usize = 100;
/// Longest text that is looked for.
const TEXT_MAX: usize = 200;

/// Reads what is asked for, as far as whoever asks may see it.
pub(in crate::handlers) fn read_filter(
    members: &mut Members,
    app: &App,
    manager: &Manager,
) -> Result<RecordFilter, ApiError> {
    let filter = read(members)?;
    if filter.from.zip(filter.until).is_some_and(|(from, until)| from >= until) {
        return Err(ApiError::bad_request("to: Expected a time behind from"));
    }
    let access = &manager.access;
    let open = || access.workspaces.keys().cloned().collect();
    Ok(RecordFilter { within: (!access.is_everywhere()).then(open), ..resolved(filter, app) })
}

/// Workspaces by their ids: they may be asked for by their slugs.
fn resolved(mut filter: RecordFilter, app: &App) -> RecordFilter {
    let named = &mut filter.workspaces;
    for name in named.any_of.iter_mut().chain(&mut named.none_of) {
        if let Some(workspace) = app.engine.organisation().workspace(name) {
            name.clone_from(&workspace.document.id);
        }
    }
    filter
}

fn read(members: &mut Members) -> Result<RecordFilter, ApiError> {
    let mut filter = RecordFilter {
        from: instant(members, "from")?,
        until: instant(members, "to")?,
        models: texts(members, "model")?,
        providers: texts(members, "provider")?,
        keys: choice(members, "key", "the hash of a key", KeyHash::from_hex)?,
        users: texts(members, "user")?,
        workspaces: texts(members, "workspace")?,
        presets: texts(members, "preset")?,
        apps: texts(members, "app")?,
        sessions: texts(members, "session")?,
        api_types: texts(members, "api")?,
        statuses: choice(members, "status", "ok, error, cancelled or a number", status)?,
        streamed: members.flag("streamed")?,
        byok: members.flag("byok")?,
        fallback: members.flag("fallback")?,
        min_cost: amount(members)?,
        min_ms: millis(members)?,
        ..RecordFilter::default()
    };
    for (name, value) in members.take_all("tag.") {
        let header = HeaderName::try_from(name.as_str()).map_err(|_| {
            ApiError::bad_request(format!("tag.{name}: Expected the name of a header behind tag."))
        })?;
        let choice = values(&value, &format!("tag.{name}"), "a value", |it| Some(it.to_owned()))?;
        filter.tags.insert(header.as_str().to_owned(), choice);
    }
    match members.take("q") {
        None => {}
        Some(text) if text.is_empty() || text.chars().count() > TEXT_MAX => {
            let expected = format!("q: Expected a text of 1 to {TEXT_MAX} characters");
            return Err(ApiError::bad_request(expected));
        }
        Some(text) if is_id(&text) => filter.id = Some(GenerationId::from_text(&text)),
        Some(text) => filter.text = Some(text),
    }
    Ok(filter)
}

/// Whether a text has the form of a generation's id: `gen-<seconds>-…`, `gen-batch-<seconds>-…`.
fn is_id(text: &str) -> bool {
    let rest = text.strip_prefix("gen-").map(|rest| rest.strip_prefix("batch-").unwrap_or(rest));
    let parts = rest.and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(seconds, _)| seconds.parse::<u64>().is_ok())
}

fn texts(members: &mut Members, name: &str) -> Result<Choice<String>, ApiError> {
    choice(members, name, "a value", |text| Some(text.to_owned()))
}

fn choice<T>(
    members: &mut Members,
    name: &str,
    expected: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Choice<T>, ApiError> {
    let Some(list) = members.take(name) else { return Ok(Choice::default()) };
    values(&list, name, expected, read)
}

fn values<T>(
    list: &str,
    name: &str,
    expected: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Choice<T>, ApiError> {
    let problem = || ApiError::bad_request(format!("{name}: Expected {expected}"));
    let mut choice = Choice::default();
    for (is_excluded, text) in split(list) {
        let value = read(&text).filter(|_| !text.is_empty()).ok_or_else(problem)?;
        let chosen = if is_excluded { &mut choice.none_of } else { &mut choice.any_of };
        chosen.push(value);
    }
    if choice.any_of.len().saturating_add(choice.none_of.len()) > VALUES_MAX {
        let message = format!("{name}: At most {VALUES_MAX} values can be given");
        return Err(ApiError::bad_request(message));
    }
    Ok(choice)
}

/// The values of a list, each with whether it is excluded.
fn split(list: &str) -> Vec<(bool, String)> {
    let mut values = Vec::new();
    let (mut is_excluded, mut value, mut is_at_start) = (false, String::new(), true);
    let mut characters = list.chars();
    while let Some(character) = characters.next() {
        match character {
            ',' => {
                values.push((is_excluded, std::mem::take(&mut value)));
                (is_excluded, is_at_start) = (false, true);
                continue;
            }
            '!' if is_at_start => is_excluded = true,
            '\\' => match characters.next() {
                Some(escaped @ (',' | '!' | '\\')) => value.push(escaped),
                other => value.extend(['\\'].into_iter().chain(other)),
            },
            other => value.push(other),
        }
        is_at_start = false;
    }
    values.push((is_excluded, value));
    values
}

fn status(text: &str) -> Option<WantedStatus> {
    let ended = [CallStatus::Ok, CallStatus::Failed, CallStatus::Cancelled];
    if let Some(status) = ended.into_iter().find(|it| it.as_str() == text) {
        return Some(WantedStatus::Ended(status));
    }
    text.parse().ok().filter(|code| (100..=599).contains(code)).map(WantedStatus::Code)
}

fn instant(members: &mut Members, name: &str) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = members.take(name) else { return Ok(None) };
    let seconds = || {
        let millis = text.parse::<i64>().ok()?.checked_mul(1_000)?;
        Some(Timestamp::from_unix_millis(millis))
    };
    let at = Timestamp::parse_rfc3339(&text).or_else(seconds);
    // Databases count from there, too.
    let at = at.filter(|at| *at >= Timestamp::from_unix_millis(0));
    let expected = format!("{name}: Expected a time such as 2026-01-31T12:00:00Z or unix seconds");
    at.map(Some).ok_or_else(|| ApiError::bad_request(expected))
}

fn amount(members: &mut Members) -> Result<Option<Usd>, ApiError> {
    let Some(text) = members.take("min_cost") else { return Ok(None) };
    let expected = "min_cost: Expected US dollars such as 0.05";
    text.parse().map(Some).map_err(|_| ApiError::bad_request(expected))
}

fn millis(members: &mut Members) -> Result<Option<u64>, ApiError> {
    let Some(text) = members.take("min_ms") else { return Ok(None) };
    let expected = "min_ms: Expected a number of milliseconds";
    text.parse().map(Some).map_err(|_| ApiError::bad_request(expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_with_what_is_excluded_and_escaped() {
        for (list, expected) in [
            ("a", vec![(false, "a")]),
            ("a,!b,c!", vec![(false, "a"), (true, "b"), (false, "c!")]),
            (r"\!a,b\,c,\\", vec![(false, "!a"), (false, "b,c"), (false, r"\")]),
            (r"a\b,!!", vec![(false, r"a\b"), (true, "!")]),
            (r"a\", vec![(false, r"a\")]),
            ("", vec![(false, "")]),
            ("a,", vec![(false, "a"), (false, "")]),
        ] {
            let expected: Vec<_> =
                expected.into_iter().map(|(it, text)| (it, text.to_owned())).collect();
            assert_eq!(split(list), expected, "{list}");
        }
    }

    #[test]
    fn ids_are_told_from_texts() {
        for (text, expected) in [
            ("gen-1763820000-x", true),
            ("gen-batch-1763820000-x", true),
            ("gen-4", false),
            ("gen-batch-x", false),
            ("gen-x-y", false),
            ("gen", false),
        ] {
            assert_eq!(is_id(text), expected, "{text}");
        }
    }
}
