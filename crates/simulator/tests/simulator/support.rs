//! A small client that speaks all protocols and reads their answers back into one form.

pub(crate) mod asking;
mod reading;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tollgate_simulator::{Protocol, Simulator, SimulatorConfig};

pub(crate) const PROTOCOLS: [Protocol; 13] = [
    Protocol::OpenAi,
    Protocol::Anthropic,
    Protocol::Gemini,
    Protocol::Responses,
    Protocol::Bedrock,
    Protocol::Ollama,
    Protocol::Cohere,
    Protocol::Mistral,
    Protocol::Azure,
    Protocol::AzureResponses,
    Protocol::Vertex,
    Protocol::VertexAnthropic,
    Protocol::VertexOpenAi,
];

/// Protocols whose requests and answers have the same form, but for details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Chat,
    Responses,
    Messages,
    Contents,
    Converse,
    Ollama,
    Cohere,
}

impl Family {
    pub(crate) fn of(protocol: Protocol) -> Self {
        match protocol {
            Protocol::OpenAi | Protocol::Azure | Protocol::Mistral | Protocol::VertexOpenAi => {
                Self::Chat
            }
            Protocol::Responses | Protocol::AzureResponses => Self::Responses,
            Protocol::Anthropic | Protocol::VertexAnthropic => Self::Messages,
            Protocol::Gemini | Protocol::Vertex => Self::Contents,
            Protocol::Bedrock => Self::Converse,
            Protocol::Ollama => Self::Ollama,
            Protocol::Cohere => Self::Cohere,
        }
    }
}

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

    /// Posts with a key of the Gemini protocol.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        let request = Request::post(format!("{}{path}", self.simulator.origin()));
        let request = request.header("x-goog-api-key", "k").body(Full::from(body.to_string()));
        Reply::read(self.client.request(request.unwrap()).await.unwrap()).await
    }

    pub(crate) async fn request(&self, request: Request<Full<Bytes>>) -> Reply {
        Reply::read(self.client.request(request).await.unwrap()).await
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
        let messages = json!([{ "role": "user", "content": text }]);
        let mut body = match Family::of(protocol) {
            Family::Chat | Family::Ollama | Family::Cohere => json!({ "messages": messages }),
            Family::Responses => json!({ "input": text }),
            Family::Messages => json!({ "max_tokens": 4096, "messages": messages }),
            Family::Contents => {
                json!({ "contents": [{ "role": "user", "parts": [{ "text": text }] }] })
            }
            Family::Converse => {
                json!({ "messages": [{ "role": "user", "content": [{ "text": text }] }] })
            }
        };
        if protocol == Protocol::VertexAnthropic {
            body["anthropic_version"] = json!("vertex-2023-10-16");
        }
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
        let counts_on_demand = [Protocol::OpenAi, Protocol::Azure, Protocol::VertexOpenAi];
        if counts_on_demand.contains(&self.protocol) {
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

    pub(crate) fn path(&self) -> String {
        let model = &self.model;
        let vertex = "/v1/projects/p/locations/us-east5/publishers";
        match (self.protocol, self.streamed) {
            (Protocol::OpenAi, _) => "/v1/chat/completions".to_owned(),
            (Protocol::Responses, _) => "/v1/responses".to_owned(),
            (Protocol::Anthropic, _) => "/v1/messages".to_owned(),
            (Protocol::Gemini, false) => format!("/v1beta/models/{model}:generateContent"),
            (Protocol::Gemini, true) => {
                format!("/v1beta/models/{model}:streamGenerateContent?alt=sse")
            }
            (Protocol::Bedrock, false) => format!("/model/{model}/converse"),
            (Protocol::Bedrock, true) => format!("/model/{model}/converse-stream"),
            (Protocol::Ollama, _) => "/api/chat".to_owned(),
            (Protocol::Cohere, _) => "/v2/chat".to_owned(),
            (Protocol::Mistral, _) => "/mistral/v1/chat/completions".to_owned(),
            (Protocol::Azure, _) => {
                format!("/openai/deployments/{model}/chat/completions?api-version=2024-10-21")
            }
            (Protocol::VertexOpenAi, _) => {
                "/v1/projects/p/locations/us-east5/endpoints/openapi/chat/completions".to_owned()
            }
            (Protocol::AzureResponses, _) => "/openai/v1/responses".to_owned(),
            (Protocol::Vertex, false) => format!("{vertex}/google/models/{model}:generateContent"),
            (Protocol::Vertex, true) => {
                format!("{vertex}/google/models/{model}:streamGenerateContent?alt=sse")
            }
            (Protocol::VertexAnthropic, false) => {
                format!("{vertex}/anthropic/models/{model}:rawPredict")
            }
            (Protocol::VertexAnthropic, true) => {
                format!("{vertex}/anthropic/models/{model}:streamRawPredict")
            }
        }
    }

    pub(crate) fn request(&self, origin: &str) -> Request<Full<Bytes>> {
        let mut body = self.body.clone();
        let in_path = matches!(
            self.protocol,
            Protocol::Gemini
                | Protocol::Bedrock
                | Protocol::Azure
                | Protocol::Vertex
                | Protocol::VertexAnthropic
        );
        if !in_path && body.is_object() {
            body["model"] = body.get("model").cloned().unwrap_or(json!(self.model));
        }
        let said = !matches!(Family::of(self.protocol), Family::Contents | Family::Converse);
        if said && body.is_object() && (self.streamed || self.protocol == Protocol::Ollama) {
            body["stream"] = json!(self.streamed);
        }
        let mut request = Request::post(format!("{origin}{}", self.path()));
        request = match (self.protocol, self.key) {
            (_, None) => request,
            (Protocol::Anthropic, Some(key)) => request.header("x-api-key", key),
            (Protocol::Gemini, Some(key)) => request.header("x-goog-api-key", key),
            (Protocol::Azure | Protocol::AzureResponses, Some(key)) => {
                request.header("api-key", key)
            }
            (_, Some(key)) => request.header("authorization", format!("Bearer {key}")),
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
        String::from_utf8_lossy(&self.chunks.concat()).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap_or(Value::Null)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}
