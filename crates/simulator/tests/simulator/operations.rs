//! What is not a conversation: embeddings, ranking, images, sound, moderation.

mod bedrock;
mod cohere;
mod faults;
mod gemini;
mod google;
mod images;
mod local;
mod mistral;
mod openai;
mod sound;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};

use crate::support::{Reply, World};

/// One request.
#[derive(Clone, Debug)]
struct Order {
    path: &'static str,
    content_type: &'static str,
    body: Vec<u8>,
    key: Option<&'static str>,
    simulate: &'static str,
}

const FORM: &str = "multipart/form-data; boundary=here";

impl Order {
    fn new(path: &'static str, body: &Value) -> Self {
        let body = body.to_string().into_bytes();
        Self { path, content_type: "application/json", body, key: Some("k-1234"), simulate: "" }
    }

    /// A form with a file and texts.
    fn form(path: &'static str, file: Option<(&str, &[u8])>, texts: &[(&str, &str)]) -> Self {
        let mut body = Vec::new();
        for (name, text) in texts {
            let head = format!("--here\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n");
            body.extend_from_slice(format!("{head}{text}\r\n").as_bytes());
        }
        if let Some((name, bytes)) = file {
            let head = format!(
                "--here\r\ncontent-disposition: form-data; name=\"file\"; \
                 filename=\"{name}\"\r\ncontent-type: audio/wav\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--here--\r\n");
        Self { content_type: FORM, body, ..Self::new(path, &Value::Null) }
    }

    fn simulate(&self, simulate: &'static str) -> Self {
        Self { simulate, ..self.clone() }
    }

    fn request(&self, origin: &str) -> Request<Full<Bytes>> {
        let mut request = Request::post(format!("{origin}{}", self.path))
            .header("content-type", self.content_type)
            .header("x-simulate", self.simulate);
        if let Some(key) = self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        request.body(Full::from(self.body.clone())).unwrap()
    }

    async fn send(&self, world: &World) -> Reply {
        world.request(self.request(&world.simulator.origin())).await
    }
}

/// The answer to a good request.
async fn answer(world: &World, path: &'static str, body: Value) -> Value {
    let reply = Order::new(path, &body).send(world).await;
    assert_eq!((reply.status.as_u16(), reply.ended), (200, true), "{body} {}", reply.text());
    reply.json()
}

/// Requests that are refused: what is set in a good body, the status, and where the error says
/// what. Nothing is set by the key `""`.
async fn refused(
    world: &World,
    path: &'static str,
    body: &Value,
    cases: &[(&str, Value, u16, &str, &str)],
) {
    for (key, value, status, place, message) in cases {
        let mut body = body.clone();
        match value {
            Value::Null => drop(body.as_object_mut().unwrap().remove(*key)),
            value => body[*key] = value.clone(),
        }
        let reply = Order::new(path, &body).send(world).await;
        assert_eq!(reply.status, *status, "{body} {}", reply.text());
        let said = reply.json().pointer(place).map(Value::to_string).unwrap_or_default();
        assert!(said.contains(message), "{key} {}", reply.text());
    }
}

/// The length of a vector.
fn length(vector: &Value) -> f64 {
    let numbers = vector.as_array().unwrap().iter();
    numbers.map(|number| number.as_f64().unwrap().powi(2)).sum::<f64>().sqrt()
}

fn dimensions(vector: &Value) -> usize {
    assert!((length(vector) - 1.0).abs() < 1e-5, "{}", length(vector));
    vector.as_array().unwrap().len()
}

/// Two and a half seconds of nothing in particular, as an MP3 would be.
fn recording() -> Vec<u8> {
    vec![7; 40_000]
}

/// One good request for every operation, with the place of the message of its errors and whether
/// it tells of usage.
fn orders() -> Vec<(Order, &'static str, bool)> {
    let image = json!({ "model": "image", "prompt": "a boat" });
    let speech = json!({ "model": "speech", "input": "hi", "voice": "alloy" });
    let rerank = json!({ "model": "rerank", "query": "a", "documents": ["b", "a"] });
    let content = json!({ "parts": [{ "text": "hi" }] });
    let batch = json!({ "requests": [{ "model": "models/embed", "content": content }] });
    let input = |model| json!({ "model": model, "input": "hi" });
    let texts = json!({ "model": "embed", "texts": ["hi"], "input_type": "search_query" });
    let recording = recording();
    let file = Some(("a.mp3", &recording[..]));
    let error = "/error/message";
    vec![
        (Order::new("/v1/embeddings", &input("embed")), error, true),
        (Order::new("/v1/images/generations", &image), error, true),
        (Order::new("/v1/audio/speech", &speech), error, false),
        (Order::form("/v1/audio/transcriptions", file, &[("model", "transcribe")]), error, true),
        (Order::new("/v1/moderations", &input("moderate")), error, false),
        (Order::new("/v1/rerank", &rerank), error, true),
        (Order::new("/openai/v1/embeddings", &input("embed")), error, true),
        (Order::new("/v2/embed", &texts), "/message", true),
        (Order::new("/v2/rerank", &rerank), "/message", true),
        (
            Order::new("/v1beta/models/embed:embedContent", &json!({ "content": content })),
            error,
            true,
        ),
        (Order::new("/v1beta/models/embed:batchEmbedContents", &batch), error, true),
        (
            Order::new(
                "/v1beta/models/image:predict",
                &json!({ "instances": [{ "prompt": "a boat" }] }),
            ),
            error,
            false,
        ),
        (Order::new("/mistral/v1/embeddings", &input("embed")), "/message", true),
        (Order::new("/mistral/v1/moderations", &input("moderate")), "/message", true),
        (Order::new("/api/embed", &input("embed")), "/error", true),
    ]
}
