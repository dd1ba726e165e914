//! Requests and whole answers.

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use tokio::time::timeout;

use crate::gateway::HttpClient;
use crate::{OpenStream, PATIENCE, Said, Streamed};

/// One HTTP request to be sent.
#[derive(Debug)]
pub struct Call<'a> {
    client: &'a HttpClient,
    request: http::request::Builder,
    key: Option<String>,
    body: Bytes,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl<'a> Call<'a> {
    pub(crate) fn new(client: &'a HttpClient, method: &str, url: String) -> Self {
        let request = Request::builder().method(method).uri(url);
        Self { client, request, key: None, body: Bytes::new() }
    }

    /// Calls with this key.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// Calls without a key.
    #[must_use]
    pub fn no_key(mut self) -> Self {
        self.key = None;
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// Sends JSON.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    /// Sends any bytes.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends and reads the answer to its end.
    pub async fn send(self) -> Reply {
        let (status, headers, body) = self.open().await.into_parts();
        let body = timeout(PATIENCE, body.collect()).await.unwrap().unwrap().to_bytes();
        Reply { status, headers, body }
    }

    /// Sends and reads a stream to its end.
    pub async fn stream(self) -> Streamed {
        self.open().await.rest().await
    }

    /// Sends and waits for the head of the answer.
    pub async fn open(self) -> OpenStream {
        let mut request = self.request;
        if let Some(key) = self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let request = request.body(Full::new(self.body)).unwrap();
        let response = timeout(PATIENCE, self.client.request(request)).await.unwrap().unwrap();
        OpenStream::new(response)
    }
}

impl Reply {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The answer, which must be a good one.
    pub fn said(&self) -> Said {
        assert_eq!(self.status, 200, "{}", self.text());
        Said::of_completion(&self.json())
    }

    /// The error, which must be in the contract's envelope (§4.1) and have this status and type.
    pub fn error(&self, status: u16, error_type: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.text());
        let error = self.json()["error"].clone();
        assert_eq!(error["code"], status, "{error}");
        assert_eq!(error["metadata"]["error_type"], error_type, "{error}");
        assert!(error["message"].as_str().is_some_and(|it| !it.is_empty()), "{error}");
        error
    }

    /// The message of such an error.
    pub fn error_message(&self, status: u16, error_type: &str) -> String {
        self.error(status, error_type)["message"].as_str().unwrap_or_default().to_owned()
    }
}
