//! `options`, `format` and `think`: sampling, the form of the answer, and how to think (contract
//! §2.1, §2.4).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::chat::ChatParams;
use crate::dialect::Reading;
use crate::error::BadRequest;
use crate::json::{RawObject, kind_of, raw_value};
use crate::translation::{Translation, note, parse, take_as};

/// Options that are one of chat's parameters under another name.
const SAME: &[(&str, &str)] = &[
    ("temperature", "temperature"),
    ("top_k", "top_k"),
    ("top_p", "top_p"),
    ("min_p", "min_p"),
    ("num_predict", "max_tokens"),
    ("seed", "seed"),
    ("repeat_penalty", "repetition_penalty"),
    ("presence_penalty", "presence_penalty"),
    ("frequency_penalty", "frequency_penalty"),
];

/// Options for which a negative number means that there is none: no bound, or chance.
const NONE_IF_NEGATIVE: &[&str] = &["num_predict", "top_k", "seed"];

/// `options`.
#[derive(Debug, Default)]
pub(super) struct Options<'a> {
    members: BTreeMap<String, &'a RawValue>,
}

/// Chat's `response_format`.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ResponseFormat<'a> {
    JsonObject,
    JsonSchema { json_schema: NamedSchema<'a> },
}

#[derive(Serialize)]
pub(super) struct NamedSchema<'a> {
    name: &'static str,
    schema: &'a RawValue,
}

/// Chat's `reasoning`.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reasoning<'a> {
    Enabled(bool),
    Effort(Cow<'a, str>),
}

impl<'a> Options<'a> {
    /// Reads the options.
    pub(super) fn read(object: &'a RawObject) -> Result<Self, BadRequest> {
        let Some(raw) = object.member("options") else { return Ok(Self::default()) };
        let mut members: BTreeMap<String, &'a RawValue> = parse("options", raw_value(raw)?)?;
        members.retain(|name, value| {
            let none = NONE_IF_NEGATIVE.contains(&name.as_str()) && value.get().starts_with('-');
            value.get() != "null" && !none
        });
        Ok(Self { members })
    }

    /// Takes the parameters the gateway acts on, and lists what is used.
    pub(super) fn survey(&self, reading: &mut Reading) -> Result<(), BadRequest> {
        for (name, chat) in SAME {
            let Some(value) = self.members.get(*name) else { continue };
            take_as(&mut reading.params, chat, &format!("options.{name}"), value)?;
            note(reading, chat);
        }
        let stops = self.stops()?;
        if !stops.is_empty() {
            reading.params.stop = stops;
            note(reading, "stop");
        }
        Ok(())
    }

    /// Writes the parameters; names what chat has no word for, such as what concerns the machine.
    pub(super) fn write(&self, chat: &mut Translation<'_, '_>) -> Result<(), BadRequest> {
        for (name, parameter) in SAME {
            if let Some(value) = self.members.get(*name) {
                chat.field(parameter, value);
            }
        }
        chat.stops("options.stop", &self.stops()?);
        for name in self.members.keys() {
            if name != "stop" && !SAME.iter().any(|(same, _)| same == name) {
                chat.lose(format!("options.{name}"));
            }
        }
        Ok(())
    }

    fn stops(&self) -> Result<Vec<String>, BadRequest> {
        match self.members.get("stop") {
            Some(raw) if raw.get().starts_with('"') => {
                parse("options.stop", raw).map(|stop| vec![stop])
            }
            Some(raw) => parse("options.stop", raw),
            None => Ok(Vec::new()),
        }
    }
}

/// The form of the answer that `format` asks for.
pub(super) fn response_format(
    object: &RawObject,
) -> Result<Option<ResponseFormat<'_>>, BadRequest> {
    let Some(raw) = object.member("format") else { return Ok(None) };
    match raw {
        r#""""# => Ok(None),
        r#""json""# => Ok(Some(ResponseFormat::JsonObject)),
        schema if schema.starts_with('{') => {
            let json_schema = NamedSchema { name: "response", schema: raw_value(schema)? };
            Ok(Some(ResponseFormat::JsonSchema { json_schema }))
        }
        other => Err(BadRequest::new(format!(
            "format: Expected \"json\" or object, received {}",
            kind_of(other)
        ))),
    }
}

/// How `think` wants the model to think.
pub(super) fn reasoning(object: &RawObject) -> Result<Option<Reasoning<'_>>, BadRequest> {
    let Some(raw) = object.member("think") else { return Ok(None) };
    Ok(Some(match raw {
        "true" => Reasoning::Enabled(true),
        "false" => Reasoning::Enabled(false),
        r#""low""# | r#""medium""# | r#""high""# | r#""max""# => {
            Reasoning::Effort(Cow::Borrowed(raw.trim_matches('"')))
        }
        other => {
            return Err(BadRequest::new(format!(
                "think: Expected boolean or one of low, medium, high, max, received {}",
                kind_of(other)
            )));
        }
    }))
}

/// Takes `think` into the parameters the gateway acts on.
pub(super) fn take_reasoning(
    params: &mut ChatParams,
    reasoning: &Reasoning<'_>,
) -> Result<(), BadRequest> {
    match serde_json::value::to_raw_value(reasoning) {
        Ok(raw) => take_as(params, "reasoning", "think", &raw),
        Err(_) => Ok(()),
    }
}
