//! A small client that speaks the three protocols and reads their answers back into one form.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tollgate_simulator::{Protocol, Simulator, SimulatorConfig};

pub(crate) const PROTOCOLS: [Protocol; 3] =
    [Protocol::OpenAi, Protocol::Anthropic, Protocol::Gemini];

/// A simulator and a client for it.
pub(crate) struct World {
    pub(crate) simulator: Simulator,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// One call.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) protocol: Protocol,
    pub(crate) model: String,
    pub(crate) streamed: bool,
    pub(crate) key: Option<&'static str>,
    pub(crate) simulate: Option<String>,
    pub(crate) body: Value,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) chunks: Vec<Bytes>,
    /// Whether the body came to a clean end.
    pub(crate) ended: bool,
}

/// An answer in one form.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Said {
    pub(crate) reasoning: String,
    pub(crate) text: String,
    /// Names and arguments of calls.
    pub(crate) calls: Vec<(String, Value)>,
    pub(crate) finish: String,
    /// Prompt, completion with reasoning, reasoning (where it is told), read from cache.
    pub(crate) usage: [u64; 4],
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(SimulatorConfig { now: || 1_767_225_600, ..SimulatorConfig::default() }).await
    }

    pub(crate) async fn with(config: SimulatorConfig) -> Self {
        let simulator = Simulator::start(config).await.unwrap();
        Self { simulator, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    pub(crate) async fn send(&self, call: &Call) -> http::Response<Incoming> {
        let request = call.request(&self.simulator.origin());
        self.client.request(request).await.unwrap()
    }

    pub(crate) async fn try_send(&self, call: &Call) -> bool {
        let request = call.request(&self.simulator.origin());
        self.client.request(request).await.is_ok()
    }

    pub(crate) async fn call(&self, call: &Call) -> Reply {
        Reply::read(self.send(call).await).await
    }

    /// Calls and reads the answer back, which must be a good one.
    pub(crate) async fn said(&self, call: &Call) -> Said {
        let reply = self.call(call).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(reply.ended);
        reply.said(call)
    }

    /// Posts to a path of the Gemini protocol.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        let request = Request::post(format!("{}{path}", self.simulator.origin()));
        let request = request.header("x-goog-api-key", "k").body(Full::from(body.to_string()));
        Reply::read(self.client.request(request.unwrap()).await.unwrap()).await
    }

    pub(crate) async fn http(&self, method: Method, path: &str) -> Reply {
        let uri = format!("{}{path}", self.simulator.origin());
        let request = Request::builder().method(method).uri(uri);
        let request = request.header("authorization", "Bearer sk-test").body(Full::default());
        Reply::read(self.client.request(request.unwrap()).await.unwrap()).await
    }
}

impl Call {
    /// Says `text` to `model`.
    pub(crate) fn new(protocol: Protocol, model: &str, text: &str) -> Self {
        let body = match protocol {
            Protocol::OpenAi => json!({ "messages": [{ "role": "user", "content": text }] }),
            Protocol::Anthropic => {
                json!({ "max_tokens": 4096, "messages": [{ "role": "user", "content": text }] })
            }
            Protocol::Gemini => {
                json!({ "contents": [{ "role": "user", "parts": [{ "text": text }] }] })
            }
        };
        Self {
            protocol,
            model: model.to_owned(),
            streamed: false,
            key: Some("sk-test-1234"),
            simulate: None,
            body,
        }
    }

    pub(crate) fn streamed(mut self) -> Self {
        self.streamed = true;
        if self.protocol == Protocol::OpenAi {
            self.body["stream_options"] = json!({ "include_usage": true });
        }
        self
    }

    pub(crate) fn with(mut self, key: &str, value: Value) -> Self {
        self.body[key] = value;
        self
    }

    pub(crate) fn simulate(mut self, script: &str) -> Self {
        self.simulate = Some(script.to_owned());
        self
    }

    pub(crate) fn request(&self, origin: &str) -> Request<Full<Bytes>> {
        let mut body = self.body.clone();
        if self.protocol != Protocol::Gemini && body.is_object() {
            body["model"] = body.get("model").cloned().unwrap_or(json!(self.model));
            if self.streamed {
                body["stream"] = json!(true);
            }
        }
        let path = match (self.protocol, self.streamed) {
            (Protocol::OpenAi, _) => "/v1/chat/completions".to_owned(),
            (Protocol::Anthropic, _) => "/v1/messages".to_owned(),
            (Protocol::Gemini, false) => format!("/v1beta/models/{}:generateContent", self.model),
            (Protocol::Gemini, true) => {
                format!("/v1beta/models/{}:streamGenerateContent?alt=sse", self.model)
            }
        };
        let mut request = Request::post(format!("{origin}{path}"));
        request = match (self.protocol, self.key) {
            (_, None) => request,
            (Protocol::OpenAi, Some(key)) => {
                request.header("authorization", format!("Bearer {key}"))
            }
            (Protocol::Anthropic, Some(key)) => request.header("x-api-key", key),
            (Protocol::Gemini, Some(key)) => request.header("x-goog-api-key", key),
        };
        if self.protocol == Protocol::Anthropic {
            request = request.header("anthropic-version", "2023-06-01");
        }
        if let Some(script) = &self.simulate {
            request = request.header("x-simulate", script);
        }
        let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
        request.body(Full::from(text)).unwrap()
    }
}

impl Reply {
    pub(crate) async fn read(response: http::Response<Incoming>) -> Self {
        let (head, mut body) = response.into_parts();
        let mut chunks = Vec::new();
        let mut ended = true;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                ended = false;
                break;
            };
            chunks.extend(frame.into_data());
        }
        Self { status: head.status, headers: head.headers, chunks, ended }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.chunks.concat()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap_or(Value::Null)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The data of all events; what is no JSON comes as a string.
    pub(crate) fn data(&self) -> Vec<Value> {
        let text = self.text();
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).unwrap_or_else(|_| json!(data))).collect()
    }

    /// Reads the answer to `call`.
    pub(crate) fn said(&self, call: &Call) -> Said {
        if call.streamed { self.streamed(call.protocol) } else { self.whole(call.protocol) }
    }

    pub(crate) fn whole(&self, protocol: Protocol) -> Said {
        let body = self.json();
        match protocol {
            Protocol::OpenAi => openai_whole(&body),
            Protocol::Anthropic => anthropic_whole(&body),
            Protocol::Gemini => gemini(&[body]),
        }
    }

    pub(crate) fn streamed(&self, protocol: Protocol) -> Said {
        match protocol {
            Protocol::OpenAi => openai_streamed(&self.data()),
            Protocol::Anthropic => anthropic_streamed(&self.data()),
            Protocol::Gemini => gemini(&self.data()),
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

fn parsed(arguments: &str) -> Value {
    serde_json::from_str(arguments).unwrap()
}

fn openai_usage(usage: &Value) -> [u64; 4] {
    [
        number(&usage["prompt_tokens"]),
        number(&usage["completion_tokens"]),
        number(&usage["completion_tokens_details"]["reasoning_tokens"]),
        number(&usage["prompt_tokens_details"]["cached_tokens"]),
    ]
}

fn openai_whole(body: &Value) -> Said {
    let message = &body["choices"][0]["message"];
    let calls = message["tool_calls"].as_array().cloned().unwrap_or_default();
    Said {
        reasoning: text(&message["reasoning_content"]) + &text(&message["reasoning"]),
        text: text(&message["content"]),
        calls: calls
            .iter()
            .map(|call| &call["function"])
            .map(|call| (text(&call["name"]), parsed(call["arguments"].as_str().unwrap())))
            .collect(),
        finish: text(&body["choices"][0]["finish_reason"]),
        usage: openai_usage(&body["usage"]),
    }
}

fn openai_streamed(data: &[Value]) -> Said {
    let mut said = Said::default();
    let mut calls: Vec<(String, String)> = Vec::new();
    for chunk in data.iter().filter(|chunk| chunk.is_object()) {
        let choice = &chunk["choices"][0];
        let delta = &choice["delta"];
        said.text += &text(&delta["content"]);
        said.reasoning += &(text(&delta["reasoning_content"]) + &text(&delta["reasoning"]));
        said.finish += &text(&choice["finish_reason"]);
        if !chunk["usage"].is_null() {
            said.usage = openai_usage(&chunk["usage"]);
        }
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            if call["id"].is_string() {
                calls.push((text(&call["function"]["name"]), String::new()));
            }
            let index = usize::try_from(number(&call["index"])).unwrap();
            calls[index].1 += &text(&call["function"]["arguments"]);
        }
    }
    said.calls = calls.into_iter().map(|(name, text)| (name, parsed(&text))).collect();
    said
}

fn anthropic_usage(usage: &Value) -> [u64; 4] {
    let cached = number(&usage["cache_read_input_tokens"]);
    let written = number(&usage["cache_creation_input_tokens"]);
    let prompt = number(&usage["input_tokens"]) + cached + written;
    [prompt, number(&usage["output_tokens"]), 0, cached]
}

fn anthropic_whole(body: &Value) -> Said {
    let mut said = Said {
        finish: text(&body["stop_reason"]),
        usage: anthropic_usage(&body["usage"]),
        ..Said::default()
    };
    for block in body["content"].as_array().unwrap() {
        said.text += &text(&block["text"]);
        said.reasoning += &text(&block["thinking"]);
        if block["type"] == "tool_use" {
            said.calls.push((text(&block["name"]), block["input"].clone()));
        }
    }
    said
}

fn anthropic_streamed(data: &[Value]) -> Said {
    let mut said = Said::default();
    let mut calls: Vec<(String, String)> = Vec::new();
    for event in data {
        if event["content_block"]["type"] == "tool_use" {
            calls.push((text(&event["content_block"]["name"]), String::new()));
        }
        let delta = &event["delta"];
        said.text += &text(&delta["text"]);
        said.reasoning += &text(&delta["thinking"]);
        said.finish += &text(&delta["stop_reason"]);
        if let Some((_, arguments)) = calls.last_mut() {
            *arguments += &text(&delta["partial_json"]);
        }
        if event["type"] == "message_delta" {
            said.usage = anthropic_usage(&event["usage"]);
        }
    }
    said.calls = calls.into_iter().map(|(name, text)| (name, parsed(&text))).collect();
    said
}

fn gemini(items: &[Value]) -> Said {
    let mut said = Said::default();
    for item in items {
        let candidate = &item["candidates"][0];
        for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
            let into = if part["thought"] == true { &mut said.reasoning } else { &mut said.text };
            *into += &text(&part["text"]);
            if part["functionCall"].is_object() {
                let call = &part["functionCall"];
                said.calls.push((text(&call["name"]), call["args"].clone()));
            }
        }
        said.finish += &text(&candidate["finishReason"]);
        let usage = &item["usageMetadata"];
        let thoughts = number(&usage["thoughtsTokenCount"]);
        said.usage = [
            number(&usage["promptTokenCount"]),
            number(&usage["candidatesTokenCount"]) + thoughts,
            thoughts,
            number(&usage["cachedContentTokenCount"]),
        ];
    }
    said
}
