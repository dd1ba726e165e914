//! A generative call in any dialect.

use std::sync::OnceLock;

use bytes::Bytes;

use crate::answer::{AnswerBuilder, AnswerWriter};
use crate::chat::{AnswerHead, ChatCall, ChatParams, RemoteMedia, Survey};
use crate::dialect::{
    Address, AnswerForm, Dialect, GATEWAY_MEMBERS, Reading, Received, RequestForm,
};
use crate::error::{BadRequest, ErrorBody};
use crate::json::{ObjectWriter, RawObject};
use crate::preset::{self, Preset};
use crate::weight::Weight;
use tollgate_types::{GenerationId, Timestamp};

/// A call as it was received: checked and surveyed, its bytes kept.
///
/// Owns its bytes, so it can be tried at one endpoint after another without borrowing from whoever
/// received it. At an endpoint that speaks the client's own dialect the bytes are passed on; for
/// any other it is translated into chat, once, when the first such endpoint is tried.
#[derive(Debug)]
pub struct Call {
    form: Form,
    address: Address,
    weight: OnceLock<Weight>,
}

#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "chat is the common case, and a call is not moved much"
)]
enum Form {
    Chat(ChatCall),
    Foreign(Box<Foreign>),
}

#[derive(Debug)]
struct Foreign {
    dialect: Dialect,
    object: RawObject,
    reading: Reading,
    chat: OnceLock<Result<Translated, BadRequest>>,
    /// Whether `object` no longer says what `chat` does.
    is_outdated: bool,
}

/// A call in the chat dialect, and what was lost on the way there.
#[derive(Debug)]
struct Translated {
    call: ChatCall,
    lost: Vec<String>,
}

impl Call {
    /// Reads a request body: walks over its bytes, nothing built but the parameters.
    ///
    /// # Errors
    ///
    /// Names the line and column where the body stops being JSON, or the field that has the wrong
    /// type or is out of bounds (contract §2.1, §4.1: validation errors are 400).
    pub fn read(dialect: Dialect, body: Bytes, address: Address) -> Result<Self, BadRequest> {
        let object = RawObject::read(body)?;
        let form = match request_form(dialect) {
            None => Form::Chat(ChatCall::from_object(object)?),
            Some(form) => Form::Foreign(Box::new(Foreign::read(dialect, form, object, &address)?)),
        };
        Ok(Self::new(form, address))
    }

    const fn new(form: Form, address: Address) -> Self {
        Self { form, address, weight: OnceLock::new() }
    }

    /// Where [`weight`](Self::weight) keeps what it found.
    pub(crate) const fn known_weight(&self) -> &OnceLock<Weight> {
        &self.weight
    }

    /// What the client speaks.
    pub fn dialect(&self) -> Dialect {
        match &self.form {
            Form::Chat(_) => Dialect::Chat,
            Form::Foreign(foreign) => foreign.dialect,
        }
    }

    /// The parameters that the gateway acts on, in chat's words. For a dialect other than chat,
    /// only those; [`chat`](Self::chat) has them all.
    pub fn params(&self) -> &ChatParams {
        match &self.form {
            Form::Chat(call) => call.params(),
            Form::Foreign(foreign) => &foreign.reading.params,
        }
    }

    /// What the prompt contains.
    pub fn survey(&self) -> &Survey {
        match &self.form {
            Form::Chat(call) => call.survey(),
            Form::Foreign(foreign) => &foreign.reading.survey,
        }
    }

    /// Parameters sent, in the contract's vocabulary (§7.1).
    pub fn parameters(&self) -> Vec<&'static str> {
        match &self.form {
            Form::Chat(call) => call.parameters(),
            Form::Foreign(foreign) => foreign.reading.parameters.clone(),
        }
    }

    /// The body as received.
    pub fn object(&self) -> &RawObject {
        match &self.form {
            Form::Chat(call) => call.object(),
            Form::Foreign(foreign) => &foreign.object,
        }
    }

    /// What was said outside the body.
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// The raw JSON of one top-level member, unless it is absent or `null`: for members that mean
    /// the same in every dialect ([`GATEWAY_MEMBERS`]).
    pub fn member(&self, name: &str) -> Option<&str> {
        self.object().member(name)
    }

    /// The call in the chat dialect.
    ///
    /// # Errors
    ///
    /// When the request turns out to be wrong where it is translated.
    pub fn chat(&self) -> Result<&ChatCall, BadRequest> {
        match &self.form {
            Form::Chat(call) => Ok(call),
            Form::Foreign(foreign) => {
                let translated = foreign.chat.get_or_init(|| foreign.translate(&self.address));
                translated.as_ref().map(|it| &it.call).map_err(Clone::clone)
            }
        }
    }

    /// A number by which the turns of a conversation are recognised as one (contract §5.8); `None`
    /// for a request that is not a list of messages.
    pub fn opening(&self) -> Option<u64> {
        crate::opening::opening(self)
    }

    /// What the user said, the latest message first, at most `most` bytes and a line break of it;
    /// empty for a request without text. Translates the call into chat, and is not for every call.
    pub fn user_text(&self, most: usize) -> String {
        crate::user_text::user_text(self, most)
    }

    /// The same call with media that it points to put inside, as data URIs.
    ///
    /// Its body follows where its dialect can ([`may_be_passed_on`](Self::may_be_passed_on)).
    ///
    /// # Errors
    ///
    /// When the request turns out to be wrong where it is translated.
    pub fn with_media(&self, media: &[(RemoteMedia, String)]) -> Result<Self, BadRequest> {
        let call = self.chat()?.with_media(media)?;
        let form = match &self.form {
            Form::Chat(_) => Form::Chat(call),
            Form::Foreign(foreign) => {
                let form = request_form(foreign.dialect);
                let object = form.and_then(|form| form.with_media(&foreign.object, media));
                Form::Foreign(Box::new(Foreign {
                    dialect: foreign.dialect,
                    is_outdated: foreign.is_outdated || object.is_none(),
                    object: object.unwrap_or_else(|| foreign.object.clone()),
                    reading: foreign.reading.clone(),
                    chat: OnceLock::from(Ok(Translated { call, lost: self.lost().to_vec() })),
                }))
            }
        };
        Ok(Self::new(form, self.address.clone()))
    }

    /// The slug of the preset that the call names, in its model or in `preset` (contract §2.1).
    ///
    /// # Errors
    ///
    /// When it names two, or one where only models may stand.
    pub fn preset(&self) -> Result<Option<String>, BadRequest> {
        preset::named(self.params(), self.member("preset"))
    }

    /// The same call with a preset laid under it, which it names no longer.
    ///
    /// Its body follows where the preset says nothing but what means the same in every dialect
    /// ([`may_be_passed_on`](Self::may_be_passed_on)).
    ///
    /// # Errors
    ///
    /// When the request turns out to be wrong where it is translated, or the two together are no
    /// request.
    pub fn with_preset(&self, preset: &Preset) -> Result<Self, BadRequest> {
        let mut address = self.address.clone();
        let form = match &self.form {
            Form::Chat(call) => Form::Chat(call.with_preset(preset)?),
            Form::Foreign(foreign) => {
                let model = preset.model(&foreign.reading.params);
                let in_body = model.as_deref().filter(|_| address.model.is_none());
                let object = preset.over_gateway_members(&foreign.object, in_body)?;
                if address.model.is_some() {
                    address.model = model;
                }
                Form::Foreign(Box::new(foreign.with_preset(preset, object, &address)?))
            }
        };
        Ok(Self::new(form, address))
    }

    /// The same conversation in chat's words, without some members and with others, as raw JSON:
    /// what a model is asked beside the answer that the client gets.
    ///
    /// # Errors
    ///
    /// When the request turns out to be wrong where it is translated.
    pub fn aside(&self, without: &[&str], with: &[(&str, &str)]) -> Result<Self, BadRequest> {
        let call = self.chat()?.with_members(without, with)?;
        let address = Address { model: None, stream: None, ..self.address.clone() };
        Ok(Self::new(Form::Chat(call), address))
    }

    /// The answer to a call that asks for none: Ollama's clients send no messages to have a model
    /// loaded. `None` for all other calls. A provider has nothing to do with it.
    pub fn loaded(&self, now: Timestamp) -> Option<Vec<u8>> {
        let is_asked = self.dialect() == Dialect::Ollama && self.survey().messages == 0;
        let model = self.params().model.as_deref().unwrap_or_default();
        is_asked.then(|| crate::ollama::loaded(self.object(), model, now))
    }

    /// Whether the body says all that the call does, so that it can go to a provider of the same
    /// dialect as it is.
    pub fn may_be_passed_on(&self) -> bool {
        match &self.form {
            Form::Chat(_) => true,
            Form::Foreign(foreign) => !foreign.is_outdated,
        }
    }

    /// Members that were lost in translation into chat; none before it was asked for.
    pub fn lost(&self) -> &[String] {
        match &self.form {
            Form::Chat(_) => &[],
            Form::Foreign(foreign) => match foreign.chat.get() {
                Some(Ok(translated)) => &translated.lost,
                Some(Err(_)) | None => &[],
            },
        }
    }

    /// Writes a streamed answer to this call.
    pub fn writer(&self, head: &AnswerHead) -> Box<dyn AnswerWriter> {
        answer_form(self.dialect()).writer(Some(&self.received()), head)
    }

    /// Collects a whole answer to this call.
    pub fn builder(&self) -> Box<dyn AnswerBuilder> {
        answer_form(self.dialect()).builder(Some(&self.received()))
    }

    /// The media type of a streamed answer to this call.
    pub fn stream_type(&self) -> &'static str {
        answer_form(self.dialect()).stream_type(Some(&self.received()))
    }

    /// What keeps a client of this dialect waiting; empty where there is no such thing.
    pub fn keep_alive(&self) -> &'static [u8] {
        answer_form(self.dialect()).keep_alive(Some(&self.received()))
    }

    fn received(&self) -> Received<'_> {
        Received { object: self.object(), address: &self.address }
    }
}

impl Foreign {
    fn read(
        dialect: Dialect,
        form: &dyn RequestForm,
        object: RawObject,
        address: &Address,
    ) -> Result<Self, BadRequest> {
        let mut reading = form.read(&Received { object: &object, address })?;
        if address.model.is_some() {
            reading.params.model.clone_from(&address.model);
        }
        reading.params.stream = address.stream.unwrap_or(reading.params.stream);
        Ok(Self { dialect, object, reading, chat: OnceLock::new(), is_outdated: false })
    }

    /// `object` has what the preset says of the gateway's own members already.
    fn with_preset(
        &self,
        preset: &Preset,
        object: RawObject,
        address: &Address,
    ) -> Result<Self, BadRequest> {
        let form = request_form(self.dialect)
            .ok_or_else(|| BadRequest::new("a chat request needs no translation"))?;
        let renamed = Self::read(self.dialect, form, object, address)?;
        // Ollama's clients say nothing to have a model loaded: there is nothing to lay it under.
        let is_silent = self.dialect == Dialect::Ollama && self.reading.survey.messages == 0;
        if is_silent || preset.is_of_the_gateway() {
            return Ok(Self { is_outdated: self.is_outdated, ..renamed });
        }
        let Translated { call, lost } = renamed.translate(address)?;
        let call = call.with_preset(preset)?;
        // What the gateway acts on may have words in a dialect that its translation has not.
        let own = renamed.reading.params;
        let params = ChatParams {
            model: own.model,
            models: own.models,
            user: own.user,
            stream: own.stream,
            ..call.params().clone()
        };
        let (survey, parameters) = (call.survey().clone(), call.parameters());
        Ok(Self {
            dialect: self.dialect,
            object: renamed.object,
            reading: Reading { params, survey, parameters },
            chat: OnceLock::from(Ok(Translated { call, lost })),
            is_outdated: true,
        })
    }

    fn translate(&self, address: &Address) -> Result<Translated, BadRequest> {
        let form = request_form(self.dialect)
            .ok_or_else(|| BadRequest::new("a chat request needs no translation"))?;
        let received = Received { object: &self.object, address };
        let params = &self.reading.params;
        let mut body = Vec::with_capacity(self.object.text().len().saturating_add(128));
        let mut chat = ObjectWriter::new(&mut body);
        chat.field("model", &params.model);
        chat.field("stream", &params.stream);
        for name in GATEWAY_MEMBERS {
            if let Some(raw) = self.object.member(name) {
                chat.raw(name.as_bytes(), raw.as_bytes());
            }
        }
        let lost = form.to_chat(&received, &mut chat)?;
        chat.end();
        let object = RawObject::read(Bytes::from(body))?;
        Ok(Translated { call: ChatCall::translated(object)?, lost })
    }
}

/// Writes a failure that comes instead of an answer, in the words of `dialect`.
pub fn error_body(dialect: Dialect, error: &ErrorBody, id: Option<&GenerationId>) -> Vec<u8> {
    answer_form(dialect).error(error, id)
}

/// How requests of a dialect are read; none for chat, which [`ChatCall`] reads.
fn request_form(dialect: Dialect) -> Option<&'static dyn RequestForm> {
    match dialect {
        Dialect::Chat => None,
        Dialect::Completions => Some(&crate::completions::Completions),
        Dialect::Responses => Some(&crate::responses::Responses),
        Dialect::Messages => Some(&crate::messages::Messages),
        Dialect::Gemini => Some(&crate::gemini::Gemini),
        Dialect::Ollama => Some(&crate::ollama::Ollama),
    }
}

fn answer_form(dialect: Dialect) -> &'static dyn AnswerForm {
    match dialect {
        Dialect::Chat => &crate::chat::Chat,
        Dialect::Completions => &crate::completions::Completions,
        Dialect::Responses => &crate::responses::Responses,
        Dialect::Messages => &crate::messages::Messages,
        Dialect::Gemini => &crate::gemini::Gemini,
        Dialect::Ollama => &crate::ollama::Ollama,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DIALECTS;

    /// One conversation, with a tool of four kilobytes, in the words of a dialect.
    fn conversation(dialect: Dialect) -> String {
        let properties: Vec<String> = (0..40)
            .map(|at| {
                format!(r#""field_{at}":{{"type":"string","description":"{}"}}"#, "d".repeat(50))
            })
            .collect();
        let schema = format!(r#"{{"type":"object","properties":{{{}}}}}"#, properties.join(","));
        let arguments = format!(r#"{{"text":"{}"}}"#, "a\\n".repeat(200));
        let quoted = serde_json::to_string(&arguments).unwrap();
        let (ask, thought, result) = ("q".repeat(500), "t".repeat(400), "r".repeat(600));
        let definition = r#""name":"write","description":"Writes.","#;
        match dialect {
            Dialect::Completions => format!(
                r#"{{"prompt":{}}}"#,
                serde_json::to_string(&[ask, thought, arguments, result, schema].concat()).unwrap()
            ),
            Dialect::Chat => format!(
                r#"{{"messages":[{{"role":"user","content":"{ask}"}},
                {{"role":"assistant","content":null,"reasoning":"{thought}","reasoning_details":[{{"type":"reasoning.text","text":"{thought}","signature":"{ask}"}}],
                  "tool_calls":[{{"id":"c","type":"function","function":{{"name":"write","arguments":{quoted}}}}}]}},
                {{"role":"tool","tool_call_id":"c","content":"{result}"}}],
                "tools":[{{"type":"function","function":{{{definition}"parameters":{schema}}}}}]}}"#
            ),
            Dialect::Responses => format!(
                r#"{{"input":[{{"role":"user","content":"{ask}"}},
                {{"type":"reasoning","id":"rs_1","summary":[{{"type":"summary_text","text":"{thought}"}}],"encrypted_content":"{ask}"}},
                {{"type":"function_call","call_id":"c","name":"write","arguments":{quoted}}},
                {{"type":"function_call_output","call_id":"c","output":"{result}"}}],
                "tools":[{{"type":"function",{definition}"parameters":{schema}}}]}}"#
            ),
            Dialect::Messages => format!(
                r#"{{"messages":[{{"role":"user","content":"{ask}"}},
                {{"role":"assistant","content":[{{"type":"thinking","thinking":"{thought}","signature":"{ask}"}},
                  {{"type":"tool_use","id":"c","name":"write","input":{arguments}}}]}},
                {{"role":"user","content":[{{"type":"tool_result","tool_use_id":"c","content":"{result}"}}]}}],
                "tools":[{{{definition}"input_schema":{schema}}}]}}"#
            ),
            Dialect::Gemini => format!(
                r#"{{"contents":[{{"role":"user","parts":[{{"text":"{ask}"}}]}},
                {{"role":"model","parts":[{{"text":"{thought}","thought":true}},{{"functionCall":{{"name":"write","args":{arguments}}},"thoughtSignature":"{ask}"}}]}},
                {{"role":"user","parts":[{{"functionResponse":{{"name":"write","response":{{"result":"{result}"}}}}}}]}}],
                "tools":[{{"functionDeclarations":[{{{definition}"parametersJsonSchema":{schema}}}]}}]}}"#
            ),
            Dialect::Ollama => format!(
                r#"{{"messages":[{{"role":"user","content":"{ask}"}},
                {{"role":"assistant","content":"","thinking":"{thought}","tool_calls":[{{"function":{{"name":"write","arguments":{arguments}}}}}]}},
                {{"role":"tool","tool_name":"write","content":"{result}"}}],
                "tools":[{{"type":"function","function":{{{definition}"parameters":{schema}}}}}]}}"#
            ),
        }
    }

    #[test]
    fn one_conversation_is_about_as_long_in_every_dialect() {
        let estimate = |dialect| {
            let body = Bytes::from(conversation(dialect));
            let call = Call::read(dialect, body, Address::default()).unwrap();
            call.survey().tokens_estimated()
        };
        let chats = estimate(Dialect::Chat);
        assert!(chats > 4_000 / 4, "{chats}");
        for dialect in DIALECTS {
            let tokens = estimate(dialect);
            assert!(tokens.abs_diff(chats) * 10 <= chats, "{dialect}: {tokens} for {chats}");
        }
    }

    /// Anthropic's, Google's and Ollama's bounds go down to 0; chat's do not (contract §2.1).
    #[test]
    fn bounds_and_integers_are_those_of_the_dialect() {
        for (dialect, body) in [
            (
                Dialect::Messages,
                r#"{"messages":[{"role":"user","content":"x"}],"max_tokens":64.0,"top_p":0,"seed":1.0,"thinking":{"type":"enabled","budget_tokens":1024.0}}"#,
            ),
            (
                Dialect::Gemini,
                r#"{"contents":[{"parts":[{"text":"x"}]}],"generationConfig":{"topP":0.0,"seed":1.0,"candidateCount":1.0,"maxOutputTokens":64.00,"thinkingConfig":{"thinkingBudget":1024.0}}}"#,
            ),
            (
                Dialect::Ollama,
                r#"{"messages":[{"role":"user","content":"x"}],"options":{"top_p":0,"seed":1.0,"num_predict":64.0},"reasoning":{"max_tokens":1024.0}}"#,
            ),
        ] {
            let body = Bytes::from_static(body.as_bytes());
            let call = Call::read(dialect, body, Address::default()).unwrap();
            let chat = call.chat().unwrap().params();
            for params in [call.params(), chat] {
                let seen = (params.top_p, params.seed, params.max_tokens);
                assert_eq!(seen, (Some(0.0), Some(1), Some(64)), "{dialect}");
                assert_eq!(params.reasoning.max_tokens, Some(1_024), "{dialect}");
            }
        }
        let chat = |member: &str| {
            let body = format!(r#"{{"messages":[{{"role":"user","content":"x"}}],{member}}}"#);
            Call::read(Dialect::Chat, Bytes::from(body), Address::default()).map(drop)
        };
        assert!(chat(r#""seed":-1.0,"max_tool_calls":3.0,"n":1.0,"top_logprobs":2.0"#).is_ok());
        assert!(chat(r#""seed":1.5"#).is_err());
        assert!(chat(r#""top_p":0"#).is_err());
    }
}
