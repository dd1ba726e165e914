//! Members of a request that nobody knows. Clients of the contract send ones of their own, which are
//! passed over; one that is nearly one of ours was meant to bound the key.

use serde_json::{Map, Value};
use tollgate_limits::KeyLimits;
use tollgate_store::KeyRecord;
use tollgate_types::Timestamp;

use crate::error::ApiError;

/// What a new key may be given, its limits apart.
const OF_NEW: [&str; 12] = [
    "name",
    "limit",
    "limit_reset",
    "include_byok_in_limit",
    "expires_at",
    "creator_user_id",
    "workspace_id",
    "allowed_models",
    "allowed_providers",
    "allowed_addresses",
    "rate_limits",
    "limits",
];
/// What of a key may be changed, its limits apart.
const OF_CHANGE: [&str; 11] = [
    "name",
    "limit",
    "limit_reset",
    "include_byok_in_limit",
    "disabled",
    "workspace_id",
    "allowed_models",
    "allowed_providers",
    "allowed_addresses",
    "rate_limits",
    "limits",
];
/// Other words for the end of a key.
const ENDS: [&str; 4] = ["expires", "expiry", "expires_in", "expiration"];
/// Names shorter than this are another word when two letters differ.
const SHORT: usize = 6;

/// Refuses members of a request for a new key that are misspelt.
pub(super) fn refuse_in_new(unknown: &Map<String, Value>) -> Result<(), ApiError> {
    unknown.keys().try_for_each(|member| {
        let meant = ENDS.contains(&member.as_str()).then_some("expires_at");
        told(member, meant.or_else(|| nearest(member, &OF_NEW)))
    })
}

/// Refuses members of a change that are misspelt, and another end for the key, which nobody can give
/// it: whoever asks for one believes that it ends.
pub(super) fn refuse_in_change(
    unknown: &Map<String, Value>,
    known: &KeyRecord,
) -> Result<(), ApiError> {
    for (member, value) in unknown {
        if member == "expires_at" || ENDS.contains(&member.as_str()) {
            let end = value.as_str().map(Timestamp::parse_rfc3339);
            let is_same = match end {
                Some(end) => end.is_some() && end == known.expires_at,
                None => value.is_null() && known.expires_at.is_none(),
            };
            if !is_same {
                return Err(ApiError::bad_request(format!(
                    "{member}: When a key ends is set when it is made, as `expires_at`, and does not change. Make another key, or disable this one"
                )));
            }
            continue;
        }
        told(member, nearest(member, &OF_CHANGE))?;
    }
    Ok(())
}

fn told(member: &str, meant: Option<&str>) -> Result<(), ApiError> {
    meant.map_or(Ok(()), |meant| {
        Err(ApiError::bad_request(format!("{member}: There is no such member. Is it `{meant}`?")))
    })
}

/// The member that a name is probably meant for.
fn nearest(name: &str, members: &[&'static str]) -> Option<&'static str> {
    let snake_cased = snake_cased(name);
    let all = members.iter().copied().chain(KeyLimits::names());
    let near = all.filter(|member| *member != name).filter_map(|member| {
        let most = if member.len() < SHORT { 1 } else { 2 };
        let distance = distance(&snake_cased, member);
        (distance <= most).then_some((distance, member))
    });
    near.min().map(|(_, member)| member)
}

/// A name as ours are written, where it is written as in JavaScript.
fn snake_cased(name: &str) -> String {
    let mut written = String::with_capacity(name.len());
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            written.push('_');
        }
        written.push(letter.to_ascii_lowercase());
    }
    written
}

/// How many letters have to be put in, taken away or put into another's place to make one of the
/// other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut left = at.saturating_add(1);
        let mut next = vec![left];
        for ((above_left, above), known) in row.iter().zip(row.iter().skip(1)).zip(&other) {
            let replaced = above_left.saturating_add(usize::from(letter != *known));
            left = replaced.min(above.saturating_add(1)).min(left.saturating_add(1));
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nearly_a_member_was_meant_for_it() {
        for (name, meant) in [
            ("limt", Some("limit")),
            ("allowed_model", Some("allowed_models")),
            ("request_per_minute", Some("requests_per_minute")),
            ("requestsPerMinute", Some("requests_per_minute")),
            ("rateLimits", Some("rate_limits")),
            ("token_per_day", Some("tokens_per_day")),
            ("expiresAt", Some("expires_at")),
            ("montly_budgets", Some("monthly_budget")),
            ("nam", Some("name")),
            // Other words, and what answers have.
            ("note", None),
            ("date", None),
            ("label", None),
            ("hash", None),
            ("created_at", None),
            ("updated_at", None),
            ("limit_remaining", None),
            ("usage_daily", None),
            ("byok_usage", None),
            ("former_secrets", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, &OF_NEW), meant, "{name}");
        }
    }
}
