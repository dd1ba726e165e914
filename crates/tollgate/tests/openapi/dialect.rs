//! The dialects of conversations: where each is spoken, and how the same question is asked.

use serde_json::{Value, json};
use tollgate_testkit::Protocol;

/// A dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Chat,
    Completions,
    Responses,
    Messages,
    Gemini,
    Ollama,
}

/// What is asked, beside the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Nothing,
    Tools,
    Thoughts,
    Few,
}

impl Dialect {
    pub(crate) const ALL: [Self; 6] = [
        Self::Chat,
        Self::Completions,
        Self::Responses,
        Self::Messages,
        Self::Gemini,
        Self::Ollama,
    ];

    /// The path that is documented.
    pub(crate) const fn path(self, stream: bool) -> &'static str {
        match (self, stream) {
            (Self::Chat, _) => "/api/v1/chat/completions",
            (Self::Completions, _) => "/api/v1/completions",
            (Self::Responses, _) => "/api/v1/responses",
            (Self::Messages, _) => "/api/v1/messages",
            (Self::Gemini, false) => "/api/v1beta/models/{model}:generateContent",
            (Self::Gemini, true) => "/api/v1beta/models/{model}:streamGenerateContent",
            (Self::Ollama, _) => "/api/chat",
        }
    }

    /// Where that is for a model.
    pub(crate) fn at(self, model: &str, stream: bool) -> String {
        let at = self.path(stream).replace("{model}", model);
        if stream && self == Self::Gemini { format!("{at}?alt=sse") } else { at }
    }

    pub(crate) const fn stream_type(self) -> &'static str {
        if matches!(self, Self::Ollama) { "application/x-ndjson" } else { "text/event-stream" }
    }

    /// Status of an answer to a model that nobody knows.
    pub(crate) const fn unknown_model(self) -> u16 {
        if matches!(self, Self::Gemini | Self::Ollama) { 404 } else { 400 }
    }

    /// Whether a provider of this protocol may be answered for with its own bytes.
    pub(crate) const fn is_native_to(self, protocol: Protocol) -> bool {
        matches!(
            (self, protocol),
            (Self::Chat, Protocol::OpenAi)
                | (Self::Messages, Protocol::Anthropic)
                | (Self::Gemini, Protocol::Gemini)
                | (Self::Responses, Protocol::Responses)
        )
    }

    /// A request.
    pub(crate) fn body(self, model: &str, wish: Wish, stream: bool) -> Value {
        let text = "Use get_weather for one two three four five six";
        let user = json!([{ "role": "user", "content": text }]);
        let schema = json!({
            "type": "object",
            "properties": { "city": { "type": "string" } },
            "required": ["city"],
        });
        let mut body = match self {
            Self::Chat | Self::Ollama => json!({ "model": model, "messages": user }),
            Self::Completions => json!({ "model": model, "prompt": text }),
            Self::Responses => json!({ "model": model, "input": text }),
            Self::Messages => json!({ "model": model, "max_tokens": 8000, "messages": user }),
            Self::Gemini => {
                json!({ "contents": [{ "role": "user", "parts": [{ "text": text }] }] })
            }
        };
        if self != Self::Gemini {
            body["stream"] = stream.into();
        }
        let function = json!({ "name": "get_weather", "parameters": schema });
        match (wish, self) {
            (Wish::Nothing, _) | (_, Self::Completions) => {}
            (Wish::Tools, Self::Chat | Self::Ollama) => {
                body["tools"] = json!([{ "type": "function", "function": function }]);
            }
            (Wish::Tools, Self::Responses) => {
                body["tools"] =
                    json!([{ "type": "function", "name": "get_weather", "parameters": schema }]);
            }
            (Wish::Tools, Self::Messages) => {
                body["tools"] = json!([{ "name": "get_weather", "input_schema": schema }]);
            }
            (Wish::Tools, Self::Gemini) => {
                body["tools"] = json!([{ "functionDeclarations": [function] }]);
            }
            (Wish::Thoughts, Self::Chat | Self::Responses) => {
                body["reasoning"] = json!({ "effort": "high" });
            }
            (Wish::Thoughts, Self::Messages) => {
                body["thinking"] = json!({ "type": "enabled", "budget_tokens": 2000 });
            }
            (Wish::Thoughts, Self::Gemini) => {
                body["generationConfig"] = json!({ "thinkingConfig": { "includeThoughts": true, "thinkingBudget": 2000 } });
            }
            (Wish::Thoughts, Self::Ollama) => body["think"] = true.into(),
            (Wish::Few, Self::Chat | Self::Messages) => body["max_tokens"] = 20.into(),
            (Wish::Few, Self::Responses) => body["max_output_tokens"] = 20.into(),
            (Wish::Few, Self::Gemini) => {
                body["generationConfig"] = json!({ "maxOutputTokens": 20 });
            }
            (Wish::Few, Self::Ollama) => body["options"] = json!({ "num_predict": 20 }),
        }
        body
    }
}
