//! Presets: what calls have in common, kept under a name and laid under each call that names it
//! (contract §1.6, §2.1, §5.1 stage 2).
//!
//! A call's own parameters win, each as a whole. Two are joined: tools, which are told apart by
//! what they are, and the system prompt, which stands before the conversation.

mod tools;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::call::Call;
use crate::chat::{ChatCall, ChatParams};
use crate::dialect::GATEWAY_MEMBERS;
use crate::error::BadRequest;
use crate::json::{ObjectWriter, RawObject, raw_value, write_string, wrong_type};
use crate::response_cache::CacheWish;

/// What one version of a preset says.
#[derive(Debug, Clone)]
pub struct Preset {
    system_prompt: Option<String>,
    config: RawObject,
    cache: CacheWish,
}

/// What stands before a preset's name where a model's is expected (contract §2.1).
const MARK: &str = "@preset/";

/// Most bytes of a preset: they are held in memory.
const BYTES_MAX: usize = 256 * 1024;

/// Longest slug of a preset.
const SLUG_MAX: usize = 100;

/// Members of a chat request that belong to one call: no preset keeps them.
const OF_ONE_CALL: &[&str] = &[
    "messages",
    "input",
    "prompt",
    "stream",
    "stream_options",
    "user",
    "session_id",
    "metadata",
    "trace",
    "usage",
    "debug",
    "preset",
];

/// Members that are for the gateway's cache of answers (contract §6.4): kept, and never sent on.
const OF_THE_CACHE: &[&str] = &["cache_enabled", "cache_ttl"];

/// Members that say the same in different words: whoever sends one has said it.
const SYNONYMS: &[&[&str]] = &[
    &["max_tokens", "max_completion_tokens"],
    &["reasoning", "reasoning_effort", "include_reasoning"],
    // Messages' own word (contract §3.6).
    &["models", "fallbacks"],
];

impl Preset {
    /// What of a call becomes a preset: its parameters in chat's words, and the instructions that
    /// it begins with. What belongs to one call alone is left out.
    ///
    /// # Errors
    ///
    /// When the request is wrong, names a preset itself, begins with instructions that are not
    /// text, or has parameters of more than 256 KiB.
    pub fn of_call(call: &Call) -> Result<Self, BadRequest> {
        let params = call.params();
        if params.model.iter().chain(&params.models).any(|name| name.contains(MARK)) {
            return Err(BadRequest::new("model: A preset can't name a preset; name the model"));
        }
        let chat = call.chat()?;
        let mut config = Vec::new();
        let mut object = ObjectWriter::new(&mut config);
        for (name, raw) in chat.members().filter(|(name, raw)| is_kept(name, raw)) {
            object.member(name, raw);
        }
        object.end();
        let messages = chat.member("messages");
        let system_prompt = messages.map(instructions).transpose()?.flatten();
        Self::read(system_prompt, Bytes::from(config))
    }

    /// Reads a preset that was kept.
    ///
    /// # Errors
    ///
    /// When the configuration is no JSON object, or it is more than 256 KiB with the prompt.
    pub fn read(system_prompt: Option<String>, config: Bytes) -> Result<Self, BadRequest> {
        let prompt_bytes = system_prompt.as_ref().map_or(0, String::len);
        if config.len().saturating_add(prompt_bytes) > BYTES_MAX {
            let message = format!("A preset can have at most {BYTES_MAX} bytes");
            return Err(BadRequest::new(message));
        }
        let system_prompt = system_prompt.filter(|text| !text.is_empty());
        let config = RawObject::read(config)?;
        let cache = CacheWish::of_preset(&config);
        Ok(Self { system_prompt, config, cache })
    }

    /// Instructions and parameters, in chat's words, for one call. Nobody keeps them, so they are as
    /// long as their author lets them be.
    ///
    /// # Errors
    ///
    /// When the parameters are no JSON object.
    pub fn instructing(prompt: String, config: Bytes) -> Result<Self, BadRequest> {
        let (config, cache) = (RawObject::read(config)?, CacheWish::default());
        Ok(Self { system_prompt: Some(prompt), config, cache })
    }

    /// Checks what a preset is to be named by: it stands in paths, and behind models' names.
    ///
    /// # Errors
    ///
    /// Says what it may be made of.
    pub fn check_slug(slug: &str) -> Result<(), BadRequest> {
        let fits = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
        };
        if slug.is_empty() || slug.len() > SLUG_MAX || !slug.bytes().all(fits) {
            return Err(BadRequest::new(format!(
                "slug: Expected 1 to {SLUG_MAX} lower-case letters, digits, hyphens and underscores"
            )));
        }
        Ok(())
    }

    /// What stands before every conversation.
    pub fn system_prompt(&self) -> Option<&str> {
        self.system_prompt.as_deref()
    }

    /// Its parameters, in chat's words.
    pub const fn config(&self) -> &RawObject {
        &self.config
    }

    /// What it says of the gateway's cache of answers (contract §6.4).
    pub const fn cache(&self) -> CacheWish {
        self.cache
    }

    /// Whether all that it says means the same in every dialect.
    pub(crate) fn is_of_the_gateway(&self) -> bool {
        let is_ours = |name: &str| name == "model" || GATEWAY_MEMBERS.contains(&name);
        self.system_prompt.is_none() && self.applicable().all(|(name, _)| is_ours(name))
    }

    /// The model of a call that names this preset as `params` do.
    pub(crate) fn model(&self, params: &ChatParams) -> Option<String> {
        let kept = || self.config.get("model", "string").ok().flatten();
        own_model(params).map(str::to_owned).or_else(kept)
    }

    /// The members of a call's body with what a preset says of the gateway's own in them, and the
    /// model where the body names it.
    pub(crate) fn over_gateway_members(
        &self,
        object: &RawObject,
        model: Option<&str>,
    ) -> Result<RawObject, BadRequest> {
        let mut body = Vec::with_capacity(object.text().len().saturating_add(256));
        let mut merged = ObjectWriter::new(&mut body);
        if let Some(model) = model {
            merged.field("model", model);
        }
        for (name, raw) in object.members() {
            // What is null may be the preset's to say.
            let is_null = raw == "null" && GATEWAY_MEMBERS.contains(&name);
            if is_null || matches!(name, "model" | "preset") {
                continue;
            }
            merged.member(name, raw);
        }
        for (name, raw) in self.applicable() {
            if GATEWAY_MEMBERS.contains(&name) && !says(object, name) {
                merged.member(name, raw);
            }
        }
        merged.end();
        RawObject::read(Bytes::from(body))
    }

    /// The members that are laid under a call.
    fn applicable(&self) -> impl Iterator<Item = (&str, &str)> {
        let members = self.config.members();
        members.filter(|(name, raw)| is_kept(name, raw) && !OF_THE_CACHE.contains(name))
    }
}

fn is_kept(name: &str, raw: &str) -> bool {
    raw != "null" && !OF_ONE_CALL.contains(&name)
}

/// The slug of the preset that a call names, in its model or in `preset`.
///
/// # Errors
///
/// When it names two, or one among the models to fall back to.
pub(crate) fn named(
    params: &ChatParams,
    member: Option<&str>,
) -> Result<Option<String>, BadRequest> {
    if params.models.iter().any(|name| name.contains(MARK)) {
        let message = "models: Name a preset in `model` or in `preset`, not among the models";
        return Err(BadRequest::new(message));
    }
    let in_model = params.model.as_deref().and_then(|name| name.split_once(MARK));
    let in_model = in_model.map(|(_, slug)| slug);
    let in_body = member.map(|raw| {
        serde_json::from_str::<String>(raw).map_err(|_| wrong_type("preset", "string", raw))
    });
    let in_body = in_body.transpose()?;
    match (in_model, in_body) {
        (Some(one), Some(other)) if one != other => {
            let message = format!("preset: The model names another preset, {one}");
            Err(BadRequest::new(message))
        }
        (Some(slug), _) => Ok(Some(slug.to_owned())),
        (None, slug) => Ok(slug),
    }
}

/// The model that a call names itself: what stands before the preset's name (contract §2.1).
fn own_model(params: &ChatParams) -> Option<&str> {
    let name = params.model.as_deref()?;
    let model = name.split_once(MARK).map_or(name, |(model, _)| model);
    (!model.is_empty()).then_some(model)
}

/// Whether a request says what a member says, in one word or another. `null` says nothing.
fn says(object: &RawObject, name: &str) -> bool {
    let group = SYNONYMS.iter().find(|group| group.contains(&name));
    let words = group.map_or(std::slice::from_ref(&name), |group| *group);
    words.iter().any(|word| object.member(word).is_some())
}

impl ChatCall {
    /// The same call without some members, and with others.
    ///
    /// # Errors
    ///
    /// When that is no request.
    pub(crate) fn with_members(
        &self,
        without: &[&str],
        with: &[(&str, &str)],
    ) -> Result<Self, BadRequest> {
        let mut body = Vec::with_capacity(self.body_bytes().saturating_add(64));
        let mut object = ObjectWriter::new(&mut body);
        let is_kept = |name: &str| !without.contains(&name) && with.iter().all(|it| it.0 != name);
        for (name, raw) in self.members().filter(|(name, _)| is_kept(name)) {
            object.member(name, raw);
        }
        for (name, raw) in with {
            object.member(name, raw);
        }
        object.end();
        Self::translated(RawObject::read(Bytes::from(body))?)
    }

    /// The same call with a preset laid under it.
    ///
    /// # Errors
    ///
    /// When the two together are no request.
    pub(crate) fn with_preset(&self, preset: &Preset) -> Result<Self, BadRequest> {
        let kept = preset.config.text().len();
        let mut body =
            Vec::with_capacity(self.body_bytes().saturating_add(kept).saturating_add(64));
        let mut object = ObjectWriter::new(&mut body);
        if let Some(model) = preset.model(self.params()) {
            object.field("model", &model);
        }
        let prompt = preset.system_prompt();
        for (name, raw) in self.members().filter(|(_, raw)| *raw != "null") {
            match (name, prompt) {
                ("model" | "preset", _) => {}
                ("messages", Some(prompt)) => object.raw(b"messages", &instructed(prompt, raw)),
                ("prompt", Some(prompt)) => {
                    let question = format!(r#"[{{"role":"user","content":{raw}}}]"#);
                    object.raw(b"messages", &instructed(prompt, &question));
                }
                ("tools", _) => {
                    let kept = preset.config.member("tools");
                    object.raw(b"tools", &tools::united(kept.unwrap_or("[]"), raw)?);
                }
                (name, _) => object.member(name, raw),
            }
        }
        for (name, raw) in preset.applicable() {
            if name != "model" && !says(self.object(), name) {
                object.member(name, raw);
            }
        }
        object.end();
        Self::translated(RawObject::read(Bytes::from(body))?)
    }
}

/// A list of messages with instructions before it.
fn instructed(prompt: &str, messages: &str) -> Vec<u8> {
    let mut out =
        Vec::with_capacity(messages.len().saturating_add(prompt.len()).saturating_add(64));
    out.extend_from_slice(br#"[{"role":"system","content":"#);
    write_string(&mut out, prompt);
    out.push(b'}');
    let rest = messages.trim_start().strip_prefix('[').unwrap_or("]").trim_start();
    if !rest.starts_with(']') {
        out.push(b',');
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

/// A message, as far as it must be known whether it instructs.
#[derive(Debug, Deserialize)]
struct Message<'a> {
    role: String,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
}

/// The text of the system's and developer's messages that a conversation begins with.
fn instructions(messages: &str) -> Result<Option<String>, BadRequest> {
    let messages: Vec<&RawValue> = serde_json::from_str(raw_value(messages)?.get())
        .map_err(|_| wrong_type("messages", "array", messages))?;
    let mut texts = Vec::new();
    for (index, message) in messages.into_iter().enumerate() {
        let read = serde_json::from_str(message.get());
        let Message { role, content } =
            read.map_err(|_| wrong_type(&format!("messages.{index}"), "message", message.get()))?;
        if !matches!(role.as_str(), "system" | "developer") {
            break;
        }
        if let Some(content) = content {
            texts.push(text(index, content.get())?);
        }
    }
    texts.retain(|text| !text.is_empty());
    Ok((!texts.is_empty()).then(|| texts.join("\n\n")))
}

/// The text of a message's content: a string, or parts of text.
fn text(index: usize, content: &str) -> Result<String, BadRequest> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Content {
        Text(String),
        Parts(Vec<Part>),
    }
    #[derive(Deserialize)]
    struct Part {
        text: String,
    }
    match serde_json::from_str(content) {
        Ok(Content::Text(text)) => Ok(text),
        Ok(Content::Parts(parts)) => {
            let parts: Vec<String> = parts.into_iter().map(|part| part.text).collect();
            Ok(parts.join("\n\n"))
        }
        Err(_) => Err(BadRequest::new(format!(
            "messages.{index}.content: The system prompt of a preset is text, and nothing else"
        ))),
    }
}

#[cfg(test)]
mod tests;
