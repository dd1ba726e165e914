//! An answer in one form, whether it came whole or streamed.

use serde_json::Value;
use tollgate_types::Usd;

use crate::amount;

/// What a model said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Said {
    /// The generation's id.
    pub id: String,
    /// The model that answered.
    pub model: String,
    /// Display name of the provider that answered.
    pub provider: String,
    /// The text.
    pub text: String,
    /// The reasoning as text.
    pub reasoning: String,
    /// The reasoning as the model must get it back.
    pub details: Vec<Value>,
    /// Tools called.
    pub calls: Vec<ToolCall>,
    /// Probabilities of the tokens.
    pub logprobs: Vec<Value>,
    /// Why it ended, in the contract's words.
    pub finish: String,
    /// Why it ended, in the provider's words.
    pub native_finish: String,
    /// Counts and cost.
    pub usage: Value,
}

/// A tool called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolCall {
    /// The id its result must name.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Its arguments, JSON as text.
    pub arguments: String,
}

impl Said {
    /// What the call cost.
    pub fn cost(&self) -> Usd {
        amount(&self.usage["cost"])
    }

    /// A count of `usage`, by JSON pointer.
    pub fn count(&self, pointer: &str) -> u64 {
        let count = self.usage.pointer(pointer).and_then(Value::as_u64);
        count.unwrap_or_else(|| panic!("no {pointer} in {}", self.usage))
    }

    /// Reads a whole completion.
    pub(crate) fn of_completion(body: &Value) -> Self {
        let mut said = Self::default();
        said.head(body, "chat.completion");
        assert_eq!(body["choices"].as_array().map(Vec::len), Some(1), "{body}");
        said.take(&body["choices"][0], "message");
        said.usage = body["usage"].clone();
        assert!(said.usage.is_object(), "{body}");
        said
    }

    /// Puts chunks together.
    pub(crate) fn of_chunks(chunks: &[&Value]) -> Self {
        let mut said = Self::default();
        for (index, chunk) in chunks.iter().enumerate() {
            said.head(chunk, "chat.completion.chunk");
            let choice = &chunk["choices"][0];
            if index == 0 && chunk.get("error").is_none() {
                assert_eq!(choice["delta"]["role"], "assistant", "{chunk}");
                // A provider of our own dialect says null where its first word is a call.
                let content = &choice["delta"]["content"];
                assert!(content == "" || content.is_null(), "{chunk}");
            }
            said.take(choice, "delta");
            if chunk["usage"].is_object() {
                said.usage = chunk["usage"].clone();
            }
        }
        said
    }

    fn head(&mut self, body: &Value, object: &str) {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(body["object"], object, "{body}");
        assert!(body["created"].is_i64(), "{body}");
        (self.id, self.model, self.provider) = (text("id"), text("model"), text("provider"));
        let parts: Vec<&str> = self.id.split('-').collect();
        let [prefix, seconds, random] = parts.as_slice() else { panic!("{} is no id", self.id) };
        assert_eq!(*prefix, "gen", "{}", self.id);
        assert!(seconds.parse::<u64>().is_ok(), "{}", self.id);
        assert!(random.len() == 20 && random.bytes().all(|it| it.is_ascii_alphanumeric()));
    }

    fn take(&mut self, choice: &Value, message: &str) {
        assert_eq!(choice["index"], 0, "{choice}");
        let delta = &choice[message];
        let text = |name: &str| delta[name].as_str().unwrap_or_default();
        self.text.push_str(text("content"));
        self.reasoning.push_str(text("reasoning"));
        for detail in elements(&delta["reasoning_details"]) {
            self.add_detail(detail);
        }
        for (position, call) in elements(&delta["tool_calls"]).enumerate() {
            let index = call["index"].as_u64().map_or(position, |it| usize::try_from(it).unwrap());
            self.add_call(index, call);
        }
        self.logprobs.extend(elements(&choice["logprobs"]["content"]).cloned());
        if let Some(finish) = choice["finish_reason"].as_str() {
            assert!(self.finish.is_empty() || self.finish == finish || finish == "error");
            finish.clone_into(&mut self.finish);
            let native = choice["native_finish_reason"].as_str();
            native.unwrap_or_default().clone_into(&mut self.native_finish);
        }
    }

    /// Adds a piece to the detail it goes on with.
    fn add_detail(&mut self, detail: &Value) {
        let goes_on = |it: &Value| it["type"] == detail["type"] && it["index"] == detail["index"];
        let Some(last) = self.details.last_mut().filter(|it| goes_on(it)) else {
            self.details.push(detail.clone());
            return;
        };
        for name in ["text", "summary", "signature", "data"] {
            if let Some(more) = detail[name].as_str() {
                let before = last[name].as_str().unwrap_or_default();
                last[name] = format!("{before}{more}").into();
            }
        }
    }

    fn add_call(&mut self, index: usize, call: &Value) {
        if self.calls.len() <= index {
            self.calls.resize(index + 1, ToolCall::default());
        }
        let Some(known) = self.calls.get_mut(index) else { return };
        let (text, function) =
            (|it: &Value| it.as_str().unwrap_or_default().to_owned(), &call["function"]);
        known.id.push_str(&text(&call["id"]));
        known.name.push_str(&text(&function["name"]));
        known.arguments.push_str(&text(&function["arguments"]));
    }
}

fn elements(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
