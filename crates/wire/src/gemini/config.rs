//! `generationConfig`: sampling, the form of the answer, and how to think (contract §2.1, §2.4).
//!
//! <https://ai.google.dev/api/generate-content#generationconfig>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::names::{camel, snake};
use super::schema::Json;
use crate::dialect::Reading;
use crate::error::BadRequest;
use crate::json::{kind_of, whole_member};
use crate::translation::{Translation, note, parse, take_as};

/// The members, by their names in camelCase.
#[derive(Debug, Default)]
pub(super) struct Config<'a> {
    members: BTreeMap<String, &'a RawValue>,
}

/// `thinkingConfig`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Thinking {
    #[serde(alias = "include_thoughts")]
    include_thoughts: Option<bool>,
    #[serde(alias = "thinking_budget", deserialize_with = "whole_member")]
    thinking_budget: Option<i64>,
    #[serde(alias = "thinking_level")]
    thinking_level: Option<String>,
}

/// Chat's `reasoning`.
#[derive(Debug, Default, Serialize)]
struct Reasoning {
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    exclude: bool,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ResponseFormat<'a> {
    JsonObject,
    JsonSchema { json_schema: NamedSchema<'a> },
}

#[derive(Serialize)]
struct NamedSchema<'a> {
    name: &'static str,
    schema: Schema<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Schema<'a> {
    Raw(&'a RawValue),
    Rewritten(Json),
}

/// Chat's `audio`.
#[derive(Serialize)]
struct Voice {
    #[serde(skip_serializing_if = "Option::is_none")]
    voice: Option<String>,
    format: &'static str,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Speech {
    #[serde(alias = "voice_config")]
    voice_config: Option<VoiceConfig>,
    #[serde(alias = "multi_speaker_voice_config")]
    multi_speaker_voice_config: Option<serde::de::IgnoredAny>,
    #[serde(alias = "language_code")]
    language_code: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct VoiceConfig {
    #[serde(alias = "prebuilt_voice_config")]
    prebuilt_voice_config: Option<PrebuiltVoice>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PrebuiltVoice {
    #[serde(alias = "voice_name")]
    voice_name: Option<String>,
}

/// Members that are one of chat's parameters under another name.
const SAME: &[(&str, &str)] = &[
    ("temperature", "temperature"),
    ("topP", "top_p"),
    ("topK", "top_k"),
    ("maxOutputTokens", "max_tokens"),
    ("seed", "seed"),
    ("presencePenalty", "presence_penalty"),
    ("frequencyPenalty", "frequency_penalty"),
    ("responseLogprobs", "logprobs"),
    ("logprobs", "top_logprobs"),
];

/// Schemas of the answer, the plainest last; the first two are JSON Schema already.
const SCHEMAS: [&str; 3] = ["responseJsonSchema", "_responseJsonSchema", "responseSchema"];

impl<'a> Config<'a> {
    /// Reads the members.
    pub(super) fn read(raw: Option<&'a RawValue>) -> Result<Self, BadRequest> {
        let Some(raw) = raw else { return Ok(Self::default()) };
        let given: BTreeMap<String, &RawValue> = parse("generationConfig", raw)?;
        let members = given
            .into_iter()
            .filter(|(_, value)| value.get() != "null")
            .map(|(name, value)| (camel(&name).into_owned(), value))
            .collect();
        Ok(Self { members })
    }

    fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.members.get(name).copied()
    }

    /// Takes the parameters the gateway acts on, and lists what is used.
    pub(super) fn survey(&self, reading: &mut Reading) -> Result<(), BadRequest> {
        for (name, chat) in SAME {
            let Some(value) = self.get(name) else { continue };
            take_as(&mut reading.params, chat, &path(name), value)?;
            note(reading, chat);
        }
        if let Some(value) = self.get("candidateCount") {
            take_as(&mut reading.params, "n", &path("candidateCount"), value)?;
        }
        let stops = self.stops()?;
        if !stops.is_empty() {
            reading.params.stop = stops;
            note(reading, "stop");
        }
        reading.params.modalities = self.modalities()?;
        if self.response_format()?.is_some() {
            note(reading, "response_format");
        }
        if let Some(reasoning) = self.thinking()? {
            // Thoughts are hidden where the answer is written.
            let reasoning = Reasoning { exclude: false, ..reasoning };
            if let Ok(raw) = to_raw_value(&reasoning) {
                reading.params.take("reasoning", &raw)?;
            }
            note(reading, "reasoning");
        }
        Ok(())
    }

    /// Whether the client wants to see thoughts; none where it does not say.
    pub(super) fn shows_thoughts(&self) -> Option<bool> {
        let thinking = self.get("thinkingConfig")?;
        serde_json::from_str::<Thinking>(thinking.get()).ok()?.include_thoughts
    }

    /// How closely to look at images, of all of them.
    pub(super) fn detail(&self) -> Option<&'static str> {
        detail(self.get("mediaResolution")?.get())
    }

    /// Writes the parameters. `reasons` says that the client speaks of reasoning in chat's words.
    pub(super) fn write(
        &self,
        chat: &mut Translation<'_, '_>,
        reasons: bool,
    ) -> Result<(), BadRequest> {
        for (name, parameter) in SAME {
            if let Some(value) = self.get(name) {
                chat.field(parameter, value);
            }
        }
        chat.stops(&path("stopSequences"), &self.stops()?);
        let modalities = self.modalities()?;
        if !modalities.is_empty() {
            chat.field("modalities", &modalities);
        }
        self.speech(chat, modalities.iter().any(|it| it == "audio"))?;
        self.image(chat)?;
        if let Some(format) = self.response_format()? {
            chat.field("response_format", &format);
        }
        match self.thinking()? {
            Some(reasoning) => chat.field("reasoning", &reasoning),
            // The API shows no thoughts unless it is asked to.
            None if !reasons && self.shows_thoughts() != Some(true) => {
                chat.field("reasoning", &Reasoning { exclude: true, ..Reasoning::default() });
            }
            None => {}
        }
        self.lose(chat);
        Ok(())
    }

    /// Names what chat has no word for.
    fn lose(&self, chat: &mut Translation<'_, '_>) {
        for name in self.members.keys() {
            let known = SAME.iter().any(|(same, _)| same == name)
                || SCHEMAS.contains(&name.as_str())
                || matches!(
                    name.as_str(),
                    "candidateCount"
                        | "stopSequences"
                        | "responseMimeType"
                        | "responseModalities"
                        | "thinkingConfig"
                        | "speechConfig"
                        | "imageConfig"
                );
            let lost = match name.as_str() {
                "mediaResolution" => self.detail().is_none(),
                _ => !known,
            };
            if lost {
                chat.lose(path(name));
            }
        }
        if self.media_type().is_some_and(|it| it == ENUM) {
            chat.lose(path("responseMimeType"));
        }
    }

    fn stops(&self) -> Result<Vec<String>, BadRequest> {
        match self.get("stopSequences") {
            Some(raw) if raw.get().starts_with('"') => {
                parse(&path("stopSequences"), raw).map(|it| vec![it])
            }
            Some(raw) => parse(&path("stopSequences"), raw),
            None => Ok(Vec::new()),
        }
    }

    fn modalities(&self) -> Result<Vec<String>, BadRequest> {
        let Some(raw) = self.get("responseModalities") else { return Ok(Vec::new()) };
        let words: Vec<String> = parse(&path("responseModalities"), raw)?;
        let words = words.into_iter().map(|it| it.to_ascii_lowercase());
        Ok(words.filter(|it| it != "modality_unspecified").collect())
    }

    fn media_type(&self) -> Option<String> {
        let raw = self.get("responseMimeType")?;
        serde_json::from_str::<String>(raw.get()).ok().map(|it| it.to_ascii_lowercase())
    }

    fn response_format(&self) -> Result<Option<ResponseFormat<'a>>, BadRequest> {
        let media_type = self.media_type();
        // A word of a list is plain text: chat can only ask for JSON.
        if media_type.as_deref() == Some(ENUM) {
            return Ok(None);
        }
        let found = SCHEMAS.iter().find_map(|name| Some((*name, self.get(name)?)));
        let Some((name, raw)) = found else {
            let json = media_type.as_deref() == Some("application/json");
            return Ok(json.then_some(ResponseFormat::JsonObject));
        };
        if !raw.get().starts_with('{') {
            let shown = kind_of(raw.get());
            return Err(BadRequest::new(format!(
                "{}: Expected object, received {shown}",
                path(name)
            )));
        }
        let schema = if name == "responseSchema" {
            Schema::Rewritten(parse::<Json>(&path(name), raw)?.into_json_schema())
        } else {
            Schema::Raw(raw)
        };
        let json_schema = NamedSchema { name: "response", schema };
        Ok(Some(ResponseFormat::JsonSchema { json_schema }))
    }

    fn thinking(&self) -> Result<Option<Reasoning>, BadRequest> {
        let Some(raw) = self.get("thinkingConfig") else { return Ok(None) };
        let path = path("thinkingConfig");
        let thinking: Thinking = parse(&path, raw)?;
        let level = thinking.thinking_level.map(|it| it.to_ascii_lowercase());
        let effort = level.filter(|it| it != "thinking_level_unspecified");
        if let Some(effort) = effort.as_deref()
            && !["minimal", "low", "medium", "high"].contains(&effort)
        {
            return Err(BadRequest::new(format!(
                "{path}.thinkingLevel: Expected one of minimal, low, medium, high, received \"{effort}\""
            )));
        }
        if effort.is_some() && thinking.thinking_budget.is_some() {
            return Err(BadRequest::new(format!(
                "{path}: Only one of thinkingLevel and thinkingBudget can be specified"
            )));
        }
        let (enabled, max_tokens) = match thinking.thinking_budget {
            Some(0) => (Some(false), None),
            // A negative budget leaves it to the model.
            Some(budget) => (None, u64::try_from(budget).ok()),
            None => (None, None),
        };
        let exclude = thinking.include_thoughts != Some(true);
        let asks = enabled.is_some() || effort.is_some() || max_tokens.is_some();
        let reasoning = Reasoning { enabled, effort, max_tokens, exclude };
        Ok((asks || !exclude).then_some(reasoning))
    }

    fn speech(&self, chat: &mut Translation<'_, '_>, audio: bool) -> Result<(), BadRequest> {
        let Some(raw) = self.get("speechConfig") else {
            if audio {
                chat.field("audio", &Voice { voice: None, format: SAMPLES });
            }
            return Ok(());
        };
        let speech: Speech = parse(&path("speechConfig"), raw)?;
        if speech.multi_speaker_voice_config.is_some() {
            chat.lose(path("speechConfig.multiSpeakerVoiceConfig"));
        }
        if speech.language_code.is_some() {
            chat.lose(path("speechConfig.languageCode"));
        }
        let voice = speech.voice_config.and_then(|it| it.prebuilt_voice_config?.voice_name);
        chat.field("audio", &Voice { voice, format: SAMPLES });
        Ok(())
    }

    fn image(&self, chat: &mut Translation<'_, '_>) -> Result<(), BadRequest> {
        let Some(raw) = self.get("imageConfig") else { return Ok(()) };
        let given: BTreeMap<String, &RawValue> = parse(&path("imageConfig"), raw)?;
        let given: BTreeMap<String, &RawValue> =
            given.into_iter().map(|(name, value)| (snake(&name), value)).collect();
        chat.field("image_config", &given);
        Ok(())
    }
}

/// What the API answers in with sound: samples of 16 bits, 24 000 a second.
const SAMPLES: &str = "pcm16";

const ENUM: &str = "text/x.enum";

fn path(name: &str) -> String {
    format!("generationConfig.{name}")
}

/// Chat's word for a resolution, given as JSON; none where chat has no such word.
pub(super) fn detail(json: &str) -> Option<&'static str> {
    let word = json.trim_matches('"').trim_start_matches("MEDIA_RESOLUTION_");
    match word {
        "LOW" => Some("low"),
        "MEDIUM" | "UNSPECIFIED" => Some("auto"),
        "HIGH" | "ULTRA_HIGH" => Some("high"),
        _ => None,
    }
}
