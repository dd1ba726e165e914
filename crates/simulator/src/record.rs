//! What was received, kept for tests: the last requests, in bounded memory, without secrets.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use serde_json::{Value, json};

use crate::failure::last_letters;
use crate::protocol::Protocol;

/// How many requests are kept.
pub const REQUESTS_MAX: usize = 1_000;
/// How many bytes of bodies are kept in all; the last request is kept in any case.
pub const REQUEST_BYTES_MAX: usize = 64 << 20;
/// How many model names are counted; requests to further names are answered and not counted.
pub const NAMES_MAX: usize = 10_000;

const SECRET_HEADERS: [&str; 6] = [
    "authorization",
    "proxy-authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "x-amz-security-token",
];

/// One request as it came in.
#[derive(Clone, Debug)]
pub struct RecordedRequest {
    /// The method, in capitals.
    pub method: String,
    /// The path with the query, its key redacted.
    pub path: String,
    /// The headers with lower-case names, keys redacted down to their last four letters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// The model that was asked for, with its suffixes.
    pub model: Option<String>,
    /// The protocol that the request spoke.
    pub protocol: Protocol,
}

impl RecordedRequest {
    pub(crate) fn new(head: &Parts, body: Bytes, model: Option<&str>, protocol: Protocol) -> Self {
        Self {
            method: head.method.to_string(),
            path: redacted_path(head.uri.path(), head.uri.query()),
            headers: redacted(&head.headers),
            body,
            model: model.map(str::to_owned),
            protocol,
        }
    }

    /// The value of the first header called `name`, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn to_json(&self) -> Value {
        let headers: serde_json::Map<String, Value> =
            self.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        json!({
            "method": self.method,
            "path": self.path,
            "headers": headers,
            "body": String::from_utf8_lossy(&self.body),
            "model": self.model,
            "protocol": self.protocol.to_string(),
        })
    }
}

/// The last requests.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    requests: VecDeque<RecordedRequest>,
    bytes: usize,
}

impl Recorder {
    pub(crate) fn push(&mut self, request: RecordedRequest, requests_max: usize) {
        self.bytes += request.body.len();
        self.requests.push_back(request);
        let over = |one: &Self| {
            one.requests.len() > requests_max
                || (one.bytes > REQUEST_BYTES_MAX && one.requests.len() > 1)
        };
        while over(self) {
            let dropped = self.requests.pop_front().map_or(0, |request| request.body.len());
            self.bytes = self.bytes.saturating_sub(dropped);
        }
    }

    pub(crate) fn all(&self) -> Vec<RecordedRequest> {
        self.requests.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Counts by model name.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    counts: BTreeMap<String, u64>,
}

impl Counts {
    /// Counts one more and returns how many there were before.
    pub(crate) fn add(&mut self, name: &str) -> u64 {
        if let Some(count) = self.counts.get_mut(name) {
            *count += 1;
            return *count - 1;
        }
        if self.counts.len() < NAMES_MAX {
            self.counts.insert(name.to_owned(), 1);
        }
        0
    }

    pub(crate) fn get(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }

    pub(crate) fn all(&self) -> BTreeMap<String, u64> {
        self.counts.clone()
    }

    pub(crate) fn clear(&mut self) {
        self.counts.clear();
    }
}

fn redacted(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |name: &http::HeaderName, value: &http::HeaderValue| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let secret = SECRET_HEADERS.contains(&name.as_str());
        if secret { redacted_secret(&text) } else { text }
    };
    headers.iter().map(|(name, value)| (name.to_string(), text(name, value))).collect()
}

/// Says that there was a secret and how it ends; keeps the scheme, which is none.
fn redacted_secret(text: &str) -> String {
    match text.split_once(' ') {
        Some((scheme, secret)) => format!("{scheme} …{}", last_letters(secret)),
        None => format!("…{}", last_letters(text)),
    }
}

fn redacted_path(path: &str, query: Option<&str>) -> String {
    let Some(query) = query else { return path.to_owned() };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some(("key", secret)) => format!("key={}", redacted_secret(secret)),
        _ => pair.to_owned(),
    });
    format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Counts, NAMES_MAX, REQUEST_BYTES_MAX, RecordedRequest, Recorder};
    use crate::protocol::Protocol;

    fn request(path: &str, bytes: usize) -> RecordedRequest {
        let (head, ()) = http::Request::get(path)
            .header("authorization", "Bearer sk-secret-1234")
            .header("x-api-key", "sk-ant-5678")
            .body(())
            .unwrap()
            .into_parts();
        RecordedRequest::new(&head, Bytes::from(vec![0; bytes]), None, Protocol::OpenAi)
    }

    #[test]
    fn secrets_are_not_kept() {
        let request = request("/v1beta/models?key=AIza-secret-9999&alt=sse", 0);
        assert_eq!(request.path, "/v1beta/models?key=…9999&alt=sse");
        assert_eq!(request.header("authorization"), Some("Bearer …1234"));
        assert_eq!(request.header("x-api-key"), Some("…5678"));
    }

    #[test]
    fn requests_and_their_bytes_are_bounded() {
        let mut recorder = Recorder::default();
        for count in 1..=4_usize {
            recorder.push(request(&format!("/{count}"), 0), 3);
            assert_eq!(recorder.all().len(), count.min(3));
        }
        recorder.push(request("/large", REQUEST_BYTES_MAX), 3);
        assert_eq!(recorder.all().len(), 3);
        recorder.push(request("/larger", 1), 3);
        assert_eq!(recorder.all().len(), 1);
    }

    #[test]
    fn names_are_bounded() {
        let mut counts = Counts::default();
        for name in 0..=NAMES_MAX {
            counts.add(&name.to_string());
        }
        assert_eq!(counts.all().len(), NAMES_MAX);
        assert_eq!(counts.add("0"), 1);
        assert_eq!(counts.get("0"), 2);
    }
}
