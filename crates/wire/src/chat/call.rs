//! A chat request as received: its bytes, its parameters, and where everything stands.

use bytes::Bytes;
use serde_json::Value;

use crate::chat::survey::{self, Survey};
use crate::chat::{ChatParams, ChatRequest};
use crate::error::BadRequest;
use crate::json::{ObjectWriter, RawObject, raw_value, write_string};

/// A chat request that was read once: checked, its parameters taken, its bytes kept.
///
/// Owns its bytes, so it can be tried at one endpoint after another without borrowing from
/// whoever received it.
#[derive(Debug, Clone)]
pub struct ChatCall {
    object: RawObject,
    params: ChatParams,
    survey: Survey,
}

/// The contract's vocabulary of parameters (§7.1) under the names a request gives them.
pub(crate) const PARAMETERS: &[&str] = &[
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "top_a",
    "frequency_penalty",
    "presence_penalty",
    "repetition_penalty",
    "max_tokens",
    "max_completion_tokens",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "prediction",
    "seed",
    "response_format",
    "structured_outputs",
    "stop",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "include_reasoning",
    "reasoning",
    "reasoning_effort",
    "web_search_options",
    "verbosity",
];

/// A word of the contract's vocabulary of parameters (§7.1), as it stands in a record.
pub fn known_parameter(name: &str) -> Option<&'static str> {
    PARAMETERS.iter().find(|known| **known == name).copied()
}

impl ChatCall {
    /// Reads a request body: one walk over its bytes, nothing built but the parameters.
    ///
    /// # Errors
    ///
    /// Names the line and column where the body stops being JSON, or the field that has the wrong
    /// type or is out of bounds (contract §2.1, §4.1: validation errors are 400).
    pub fn read(body: Bytes) -> Result<Self, BadRequest> {
        Self::from_object(RawObject::read(body)?)
    }

    /// Reads a request whose body was walked already.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub(crate) fn from_object(object: RawObject) -> Result<Self, BadRequest> {
        let call = Self::translated(object)?;
        call.params.check_chats_bounds()?;
        Ok(call)
    }

    /// Reads a request that another dialect became, or that was read before. What its own dialect
    /// allows holds.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub(crate) fn translated(object: RawObject) -> Result<Self, BadRequest> {
        let bytes = object.text().as_bytes();
        let mut params = ChatParams::default();
        let mut survey = Survey::default();
        let (mut has_messages, mut has_prompt) = (false, false);
        for (name, raw, offset) in object.members_at() {
            match name {
                "messages" => {
                    survey::messages(bytes, offset, &mut survey)?;
                    has_messages = true;
                }
                "prompt" if raw == "null" => {}
                "prompt" => {
                    survey::prompt(raw, &mut survey)?;
                    has_prompt = true;
                }
                "tools" => survey::tools(bytes, offset, &mut survey)?,
                name => params.take(name, raw_value(raw)?)?,
            }
        }
        match (has_messages, has_prompt) {
            (false, false) => return Err(BadRequest::new("messages: Required")),
            (true, true) => {
                return Err(BadRequest::new("prompt: Send either messages or prompt, not both"));
            }
            (true, false) | (false, true) => {}
        }
        Ok(Self { object, params, survey })
    }

    /// The parameters.
    pub const fn params(&self) -> &ChatParams {
        &self.params
    }

    /// What the messages contain.
    pub const fn survey(&self) -> &Survey {
        &self.survey
    }

    /// The body as received.
    pub const fn object(&self) -> &RawObject {
        &self.object
    }

    /// Parameters sent, in the contract's vocabulary (§7.1).
    pub fn parameters(&self) -> Vec<&'static str> {
        self.members()
            .filter(|(_, json)| *json != "null")
            .filter_map(|(name, _)| PARAMETERS.iter().find(|known| **known == name).copied())
            .collect()
    }

    /// Size of the request in bytes.
    pub fn body_bytes(&self) -> usize {
        self.object.text().len()
    }

    /// The top-level members in their order: key and raw JSON value.
    pub fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.object.members()
    }

    /// The same, each value as it came to the byte.
    pub fn members_received(&self) -> impl Iterator<Item = (&str, &str)> {
        self.object.members_received()
    }

    /// The raw JSON of one member, unless it is absent or `null`.
    pub fn member(&self, name: &str) -> Option<&str> {
        self.object.member(name)
    }

    /// The call that asks for the rest of an answer: `said` is how it begins, in `written` tokens.
    /// With `is_quiet` the model is asked not to think.
    ///
    /// What was not said is not asked to be continued: then it is the same call again. Where the
    /// call ends with the beginning of an answer already, `said` is what followed that.
    ///
    /// # Errors
    ///
    /// When the call ends with something else of the assistant's than text.
    pub fn continued(&self, said: &str, written: u64, is_quiet: bool) -> Result<Self, BadRequest> {
        let size = self.body_bytes().saturating_add(said.len()).saturating_add(256);
        let mut body = Vec::with_capacity(size);
        let mut object = ObjectWriter::new(&mut body);
        for (name, raw) in self.members() {
            match name {
                "prompt" if raw == "null" => {}
                "prompt" => {
                    let question = format!(r#"[{{"role":"user","content":{raw}}}]"#);
                    object.raw(b"messages", &begun(&question, said));
                }
                "messages" if self.survey.prefill && !said.is_empty() => {
                    object.raw(b"messages", &lengthened(raw, said)?);
                }
                "messages" => object.raw(b"messages", &begun(raw, said)),
                "max_tokens" | "max_completion_tokens" => {}
                "reasoning" | "reasoning_effort" | "include_reasoning" if is_quiet => {}
                name => object.member(name, raw),
            }
        }
        if let Some(most) = self.params.max_tokens {
            object.field("max_tokens", &most.saturating_sub(written).max(1));
        }
        if is_quiet {
            object.raw(b"reasoning", br#"{"enabled":false}"#);
        }
        object.end();
        Self::translated(RawObject::read(Bytes::from(body))?)
    }

    /// Builds the messages and tools as values, for translation into another dialect.
    ///
    /// # Errors
    ///
    /// Names the first message or tool with a field of the wrong type.
    pub fn typed(&self) -> Result<ChatRequest<'_>, BadRequest> {
        ChatRequest::build(self)
    }
}

/// A list of messages with the beginning of an answer behind them.
fn begun(messages: &str, said: &str) -> Vec<u8> {
    let mut out = messages.trim_end().as_bytes().to_vec();
    if !said.is_empty() {
        out.pop();
        out.extend_from_slice(br#",{"role":"assistant","content":"#);
        write_string(&mut out, said);
        out.extend_from_slice(b"}]");
    }
    out
}

/// A list of messages whose last is the beginning of an answer, with more of the answer in it.
fn lengthened(messages: &str, said: &str) -> Result<Vec<u8>, BadRequest> {
    let fail = || BadRequest::new("messages: The last message has more than text");
    let mut all: Vec<Value> = serde_json::from_str(messages).map_err(|_| fail())?;
    let last = all.last_mut().filter(|last| last.get("tool_calls").is_none_or(Value::is_null));
    let content = last.and_then(|last| last.get_mut("content"));
    let text = match content {
        Some(Value::Array(parts)) => parts.last_mut().and_then(|part| part.get_mut("text")),
        content => content,
    };
    let Some(Value::String(text)) = text else { return Err(fail()) };
    text.push_str(said);
    serde_json::to_vec(&all).map_err(|_| fail())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<ChatCall, String> {
        ChatCall::read(Bytes::copy_from_slice(body.as_bytes()))
            .map_err(|error| error.message().to_owned())
    }

    fn with(parameter: &str) -> Result<ChatCall, String> {
        read(&format!(r#"{{"messages":[{{"role":"user","content":"hi"}}],{parameter}}}"#))
    }

    #[test]
    fn parameters_are_taken_and_null_means_absent() {
        let call = with(
            r#""model":"a/b","max_tokens":64.0,"temperature":0,"stop":"x","stream":null,"reasoning":{"effort":"high"},"mo\u0064els":["c/d"]"#,
        )
        .unwrap();
        let params = call.params();
        assert_eq!(params.model.as_deref(), Some("a/b"));
        assert_eq!(params.models, ["c/d"]);
        assert_eq!(params.max_tokens, Some(64));
        assert_eq!(params.temperature, Some(0.0));
        assert_eq!(params.stop, ["x"]);
        assert!(!params.stream);
        assert_eq!(params.reasoning.wanted(), Some(true));
    }

    #[test]
    fn a_call_asks_for_the_rest_of_an_answer() {
        let continued = |body: &str, said: &str, is_quiet: bool| {
            let call = read(body).unwrap().continued(said, 7, is_quiet);
            call.map(|it| it.object().text().to_owned()).map_err(|it| it.message().to_owned())
        };
        let asked = r#"{"model":"a/b","messages":[ {"role":"user","content":"hi"} ] ,"max_completion_tokens":9,"reasoning_effort":"low","stop":"x"}"#;
        assert_eq!(
            continued(asked, "He said \"so\"", true).unwrap(),
            r#"{"model":"a/b","messages":[ {"role":"user","content":"hi"} ,{"role":"assistant","content":"He said \"so\""}],"stop":"x","max_tokens":2,"reasoning":{"enabled":false}}"#
        );
        assert_eq!(
            continued(asked, "", false).unwrap(),
            r#"{"model":"a/b","messages":[ {"role":"user","content":"hi"} ],"reasoning_effort":"low","stop":"x","max_tokens":2}"#
        );
        assert_eq!(
            continued(r#"{"prompt":"hi","max_tokens":3}"#, "so", false).unwrap(),
            r#"{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"so"}],"max_tokens":1}"#
        );
    }

    #[test]
    fn an_answer_that_the_caller_began_goes_on_behind_that() {
        let last = |message: &str, said: &str| {
            let asked = format!(r#"{{"messages":[{{"role":"user","content":"hi"}},{message}]}}"#);
            let call = read(&asked).unwrap().continued(said, 7, false)?;
            let messages = call.member("messages").unwrap();
            let messages: Vec<Value> = serde_json::from_str(messages).unwrap();
            assert_eq!(messages.len(), 2);
            Ok::<_, BadRequest>(messages.last().unwrap()["content"].clone())
        };
        let begun = r#"{"role":"assistant","content":"so "}"#;
        assert_eq!(last(begun, "it is").unwrap(), "so it is");
        assert_eq!(last(begun, "").unwrap(), "so ");
        let parts = r#"{"role":"assistant","content":[{"type":"text","text":"so "}]}"#;
        let expected = serde_json::json!([{"type": "text", "text": "so it"}]);
        assert_eq!(last(parts, "it").unwrap(), expected);
        let call = r#"{"role":"assistant","content":"so ","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]}"#;
        for unsayable in [call, r#"{"role":"assistant","content":null}"#] {
            assert!(last(unsayable, "it").is_err(), "{unsayable}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (parameter, message) in [
            (
                r#""temperature":3"#,
                "temperature: Number must be at least 0 and at most 2, received 3",
            ),
            (r#""temperature":"hot""#, "temperature: Expected number, received string \"hot\""),
            (r#""top_p":0"#, "top_p: Number must be greater than 0 and at most 1, received 0"),
            (r#""max_tokens":0"#, "max_tokens: Number must be at least 1, received 0"),
            (
                r#""max_tokens":-1"#,
                "max_tokens: Expected integer of at least 1, received number -1",
            ),
            (r#""stream":"yes""#, "stream: Expected boolean, received string \"yes\""),
            (r#""n":2"#, "n: Only one choice per request is supported; send n requests instead"),
            (
                r#""stop":["a","b","c","d","e"]"#,
                "stop: Array must contain at most 4 elements, received 5",
            ),
            (r#""model":7"#, "model: Expected string, received number 7"),
            (
                r#""top_logprobs":21"#,
                "top_logprobs: Number must be at least 0 and at most 20, received 21",
            ),
            (
                r#""reasoning_effort":"low","reasoning":{"effort":"high"}"#,
                "reasoning_effort: conflicts with reasoning.effort (low and high)",
            ),
            (r#""model":"a/b","model":"c/d""#, "model: Given more than once"),
            (r#""tools":{}"#, "tools: Expected array, received object"),
            (
                r#""tool_choice":"maybe""#,
                "tool_choice: Expected one of none, auto, required, any or object, received string \"maybe\"",
            ),
            (r#""provider":[]"#, "provider: Expected object, received array"),
            (r#""route":"x""#, "route: Expected one of fallback, sort, received string \"x\""),
            (
                r#""max_tool_calls":31"#,
                "max_tool_calls: Expected integer from 1 to 30, received number 31",
            ),
            (
                r#""logit_bias":{"5":101}"#,
                "logit_bias.5: Number must be at least -100 and at most 100, received 101",
            ),
            (r#""metadata":{"a":1}"#, "metadata: Expected object of strings, received object"),
        ] {
            assert_eq!(with(parameter).unwrap_err(), message);
        }
    }

    #[test]
    fn an_absurd_number_of_members_is_refused_at_once() {
        let members: Vec<String> = (0..200_000).map(|it| format!("\"f{it}\":1")).collect();
        let error = with(&members.join(",")).unwrap_err();
        assert!(error.contains("at most 1000 members"), "{error}");
        let call = with(r#""prompt":null"#).unwrap();
        assert_eq!(call.survey().messages, 1);
    }

    #[test]
    fn broken_json_is_located() {
        for (body, message) in [
            ("", "Request body is empty; send a JSON object"),
            ("[]", "Request body is not valid JSON: expected an object at line 1 column 1"),
            (
                "{\"a\": 1,\n  \"b\": }",
                "Request body is not valid JSON: expected a value at line 2 column 8",
            ),
            (
                "{\"messages\": [",
                "Request body is not valid JSON: it ends at line 1 column 15 where a value was expected",
            ),
            ("{} x", "Request body is not valid JSON: expected the end at line 1 column 4"),
            ("{}", "messages: Required"),
            (
                r#"{"messages":[{"role":"user","content":"x"}],"prompt":"y"}"#,
                "prompt: Send either messages or prompt, not both",
            ),
        ] {
            assert_eq!(read(body).unwrap_err(), message, "{body}");
        }
        let error = ChatCall::read(Bytes::from_static(b"{\"a\":\n\"\xff\"}")).unwrap_err();
        assert_eq!(error.message(), "Request body is not valid UTF-8 at line 2 column 2");
    }
}
