//! What a value has that its schema does not allow, said so that it can be found.

use std::fmt;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Where in the body, as a JSON pointer; empty for the whole.
    pub pointer: String,
    /// What is wrong there.
    pub reason: String,
}

/// Alternatives within alternatives: deeper than any document has them.
const DEPTH_MAX: usize = 32;

impl Difference {
    pub(super) fn whole(reason: impl Into<String>) -> Self {
        Self { pointer: String::new(), reason: reason.into() }
    }

    /// The same, in something larger.
    pub(super) fn below(self, pointer: &str) -> Self {
        Self { pointer: format!("{pointer}{}", self.pointer), ..self }
    }

    pub(super) fn all(validator: &Validator, value: &Value) -> Vec<Self> {
        let mut differences = Vec::new();
        for error in validator.iter_errors(value) {
            add(&mut differences, &error, DEPTH_MAX);
        }
        differences
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = if self.pointer.is_empty() { "the whole" } else { &self.pointer };
        write!(f, "{pointer}: {}", self.reason)
    }
}

/// Of alternatives that all fail, what is wrong with the one that was meant.
fn add(differences: &mut Vec<Difference>, error: &ValidationError<'_>, depth: usize) {
    let alternatives = match error.kind() {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            context.as_slice()
        }
        _ => &[],
    };
    let meant = alternatives.iter().min_by_key(|errors| strangeness(errors, error));
    match meant.filter(|errors| depth > 0 && !errors.is_empty()) {
        Some(errors) => {
            for error in errors {
                add(differences, error, depth.saturating_sub(1));
            }
        }
        None => differences.push(Difference {
            pointer: error.instance_path().to_string(),
            reason: shortened(&error.to_string()),
        }),
    }
}

/// How unlikely it is that an alternative was meant: one whose tag or type is another was not.
fn strangeness(errors: &[ValidationError<'_>], of: &ValidationError<'_>) -> (usize, usize) {
    let place = of.instance_path().as_str();
    let tag = format!("{place}/type");
    let tagged = errors.iter().filter(|error| {
        let at = error.instance_path().as_str();
        at == tag || (at == place && matches!(error.kind(), ValidationErrorKind::Type { .. }))
    });
    (tagged.count(), errors.len())
}

/// A reason may quote a whole body.
fn shortened(reason: &str) -> String {
    const HEAD: usize = 120;
    const TAIL: usize = 160;
    let count = reason.chars().count();
    if count <= HEAD + TAIL {
        return reason.to_owned();
    }
    let head: String = reason.chars().take(HEAD).collect();
    let tail: String = reason.chars().skip(count.saturating_sub(TAIL)).collect();
    format!("{head} … {tail}")
}
