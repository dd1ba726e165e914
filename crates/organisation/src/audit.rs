//! The log of administrative acts.
//!
//! An act is entered before it is done and completed behind it, so that none is missing: an entry
//! without an outcome is an act during which the program was killed.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tollgate_store::{DocumentBody, form};
use tollgate_types::Timestamp;

/// What stands in the place of a secret.
pub const REDACTED: &str = "[REDACTED]";

/// Longest text of a request that is kept, in characters.
const TEXT_MAX: usize = 500;
/// As many members or items of one part of a request are kept.
const PARTS_MAX: usize = 50;
/// As deep is a request kept.
const DEPTH_MAX: u32 = 8;

/// One act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When it began.
    #[serde(with = "form")]
    pub at: Timestamp,
    /// Who did it, if they are somebody.
    pub user_id: Option<String>,
    /// The management key it was done with, in hexadecimal.
    pub key_hash: Option<String>,
    /// The same, as people know it; for an act at the command line, `command line`.
    pub actor: String,
    /// What: a route such as `PATCH /keys/{hash}`, or a command.
    pub action: String,
    /// To what: the path as it was asked for.
    pub target: String,
    /// What was asked for, without secrets.
    pub details: Option<Value>,
    /// The status that it was answered with; 0 for a command that was done, 1 for one that failed.
    /// None while it is under way.
    pub outcome: Option<u16>,
}

impl DocumentBody for AuditEntry {
    const KIND: &'static str = "audit";
}

impl AuditEntry {
    /// An id by which entries are listed in the order of their time.
    pub fn id(at: Timestamp, random: &str) -> String {
        format!("{:015}-{random}", at.unix_millis().max(0))
    }
}

/// What may be kept of a request: secrets are left out, long texts and lists cut.
pub fn redact(value: Value) -> Value {
    redact_at(value, DEPTH_MAX)
}

fn redact_at(value: Value, depth: u32) -> Value {
    let Some(below) = depth.checked_sub(1) else { return Value::String("…".to_owned()) };
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().take(PARTS_MAX).map(|(name, value)| {
                let hides = is_secret(&name) && !value.is_null();
                let value = if hides { REDACTED.into() } else { redact_at(value, below) };
                (name, value)
            });
            Value::Object(kept.collect())
        }
        Value::Array(items) => {
            items.into_iter().take(PARTS_MAX).map(|it| redact_at(it, below)).collect()
        }
        Value::String(text) if text.chars().count() > TEXT_MAX => {
            let cut: String = text.chars().take(TEXT_MAX).collect();
            Value::String(cut + "…")
        }
        other => other,
    }
}

/// How names of members end that hold a secret. A challenge is one: by the plain method it is what
/// the code is exchanged with (RFC 7636, section 4.2).
const SECRET_ENDINGS: [&str; 9] = [
    "key",
    "secret",
    "token",
    "password",
    "passphrase",
    "authorization",
    "credential",
    "challenge",
    "verifier",
];

/// Whether a member of this name holds a secret. Names that only mention one, such as `key_name`,
/// do not.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_ENDINGS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_not_kept() {
        let asked = json!({
            "name": "CI", "key": "sk-1", "apiKey": "sk-2", "webhook_secret": "s", "limit": 3,
            "config": {"headers": [{"Authorization": "Bearer x"}], "token": null},
            "allowed_api_key_hashes": ["ab"], "code_challenge": "plain", "code_challenge_method": "plain",
        });
        assert_eq!(
            redact(asked),
            json!({
                "name": "CI", "key": REDACTED, "apiKey": REDACTED, "webhook_secret": REDACTED,
                "limit": 3, "config": {"headers": [{"Authorization": REDACTED}], "token": null},
                "allowed_api_key_hashes": ["ab"], "code_challenge": REDACTED,
                "code_challenge_method": "plain",
            })
        );
    }

    #[test]
    fn what_is_long_or_deep_is_cut() {
        let long = redact(json!({"note": "ä".repeat(600), "list": vec![1; 100]}));
        assert_eq!(long["note"].as_str().unwrap().chars().count(), TEXT_MAX + 1);
        assert_eq!(long["list"].as_array().unwrap().len(), PARTS_MAX);
        let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
        assert!(redact(deep).to_string().len() < 100);
    }

    #[test]
    fn entries_sort_by_time() {
        let id = |millis| AuditEntry::id(Timestamp::from_unix_millis(millis), "r");
        assert!(id(999) < id(1_000) && id(9_999_999_999_999) < id(10_000_000_000_000));
    }
}
