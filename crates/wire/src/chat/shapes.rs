//! Parameters that are passed on as they are: only their form is checked (contract §2.1).

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::chat::params::parse;
use crate::error::BadRequest;
use crate::json::{kind_of, whole};

/// What a value must be.
#[derive(Debug, Clone, Copy)]
enum Form {
    Object,
    Array,
    Text,
    Flag,
    Word(&'static [&'static str]),
    WordOrObject(&'static [&'static str]),
    Between(u64, u64),
    LogitBias,
    Metadata,
}

const FORMS: &[(&str, Form)] = &[
    ("tool_choice", Form::WordOrObject(&["none", "auto", "required", "any"])),
    ("provider", Form::Object),
    ("plugins", Form::Array),
    ("transforms", Form::Array),
    ("route", Form::Word(&["fallback", "sort"])),
    ("prediction", Form::Object),
    ("audio", Form::Object),
    ("image_config", Form::Object),
    ("web_search_options", Form::Object),
    ("cache_control", Form::Object),
    ("prompt_cache_key", Form::Text),
    ("prompt_cache_options", Form::Object),
    ("preset", Form::Text),
    ("trace", Form::Object),
    ("debug", Form::Object),
    ("usage", Form::Object),
    ("stream_options", Form::Object),
    ("structured_outputs", Form::Flag),
    ("max_tool_calls", Form::Between(1, 30)),
    ("stop_server_tools_when", Form::Array),
    ("logit_bias", Form::LogitBias),
    ("metadata", Form::Metadata),
];

const METADATA_PAIRS_MAX: usize = 16;
const METADATA_KEY_MAX: usize = 64;
const METADATA_VALUE_MAX: usize = 512;

/// Checks the form of a parameter that is passed on. Unknown keys may be anything.
pub(super) fn check(key: &str, value: &RawValue) -> Result<(), BadRequest> {
    let Some((_, form)) = FORMS.iter().find(|(name, _)| *name == key) else { return Ok(()) };
    let raw = value.get();
    let wrong = |expected: &str| {
        Err(BadRequest::new(format!("{key}: Expected {expected}, received {}", kind_of(raw))))
    };
    let is_word = |words: &[&str]| {
        serde_json::from_str::<String>(raw).is_ok_and(|word| words.contains(&word.as_str()))
    };
    match form {
        Form::Object if !raw.starts_with('{') => wrong("object"),
        Form::Array if !raw.starts_with('[') => wrong("array"),
        Form::Text if !raw.starts_with('"') => wrong("string"),
        Form::Flag if !matches!(raw, "true" | "false") => wrong("boolean"),
        Form::Word(words) if !is_word(words) => wrong(&format!("one of {}", words.join(", "))),
        Form::WordOrObject(words) if !raw.starts_with('{') && !is_word(words) => {
            wrong(&format!("one of {} or object", words.join(", ")))
        }
        Form::Between(least, most) => {
            if whole(raw).is_some_and(|number: u64| (*least..=*most).contains(&number)) {
                return Ok(());
            }
            wrong(&format!("integer from {least} to {most}"))
        }
        Form::LogitBias => logit_bias(key, value),
        Form::Metadata => metadata(key, value),
        Form::Object
        | Form::Array
        | Form::Text
        | Form::Flag
        | Form::Word(_)
        | Form::WordOrObject(_) => Ok(()),
    }
}

fn logit_bias(key: &str, value: &RawValue) -> Result<(), BadRequest> {
    let biases: BTreeMap<String, f64> = parse(key, value, "object of numbers")?;
    match biases.iter().find(|(_, bias)| !(-100.0..=100.0).contains(*bias)) {
        None => Ok(()),
        Some((token, bias)) => Err(BadRequest::new(format!(
            "{key}.{token}: Number must be at least -100 and at most 100, received {bias}"
        ))),
    }
}

fn metadata(key: &str, value: &RawValue) -> Result<(), BadRequest> {
    let pairs: BTreeMap<String, String> = parse(key, value, "object of strings")?;
    let too_long = |(name, text): (&String, &String)| {
        name.chars().count() > METADATA_KEY_MAX || text.chars().count() > METADATA_VALUE_MAX
    };
    if pairs.len() > METADATA_PAIRS_MAX || pairs.iter().any(too_long) {
        return Err(BadRequest::new(format!(
            "{key}: At most {METADATA_PAIRS_MAX} pairs with keys of at most {METADATA_KEY_MAX} and values of at most {METADATA_VALUE_MAX} characters"
        )));
    }
    Ok(())
}
