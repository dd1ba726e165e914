//! Streamed answers, as they come and as a whole.

use http::{HeaderMap, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::Value;
use tokio::time::timeout;

use crate::{PATIENCE, Said};

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A comment, which keeps the connection open.
    Comment(String),
    /// A chunk.
    Chunk(Value),
    /// `[DONE]`
    Done,
}

impl Event {
    /// The chunk, when it is one.
    pub const fn chunk(&self) -> Option<&Value> {
        match self {
            Self::Chunk(chunk) => Some(chunk),
            Self::Comment(_) | Self::Done => None,
        }
    }
}

/// A stream that is being read. Dropping it hangs up.
#[derive(Debug)]
pub struct OpenStream {
    status: u16,
    headers: HeaderMap,
    body: Incoming,
    text: String,
    /// How much of `text` was given out as events.
    read: usize,
}

/// A stream that has ended.
#[derive(Debug, Clone)]
pub struct Streamed {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// Everything that came.
    pub text: String,
    /// The same as events.
    pub events: Vec<Event>,
    /// Whether the body came to a clean end.
    pub ended: bool,
}

impl OpenStream {
    pub(crate) fn new(response: Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        let status = head.status.as_u16();
        Self { status, headers: head.headers, body, text: String::new(), read: 0 }
    }

    pub(crate) fn into_parts(self) -> (u16, HeaderMap, Incoming) {
        (self.status, self.headers, self.body)
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The generation's id, from its header.
    pub fn id(&self) -> String {
        self.header("x-generation-id").unwrap().to_owned()
    }

    /// The next event; `None` at the end.
    pub async fn next(&mut self) -> Option<Event> {
        self.next_block().await.map(|block| event(&block))
    }

    /// The lines of the next event, whatever they are; `None` at the end.
    pub async fn next_block(&mut self) -> Option<String> {
        loop {
            let rest = self.text.get(self.read..).unwrap_or_default();
            if let Some(end) = rest.find("\n\n") {
                let block = rest.get(..end).unwrap_or_default().to_owned();
                self.read += end + 2;
                return Some(block);
            }
            let frame = timeout(PATIENCE, self.body.frame()).await.unwrap()?.unwrap();
            let data = frame.into_data().unwrap_or_default();
            self.text.push_str(std::str::from_utf8(&data).unwrap());
        }
    }

    /// The next event of this name with its data; others are passed over. `None` at the end.
    pub async fn next_named(&mut self, name: &str) -> Option<Value> {
        let head = format!("event: {name}\n");
        loop {
            let block = self.next_block().await?;
            let Some(rest) = block.strip_prefix(&head) else { continue };
            let data = rest.lines().find_map(|line| line.strip_prefix("data: "));
            return Some(serde_json::from_str(data.unwrap_or_default()).unwrap());
        }
    }

    /// The headers.
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The next chunk that brings text.
    pub async fn next_text(&mut self) -> String {
        loop {
            match self.next().await {
                Some(Event::Chunk(chunk)) => {
                    let text = chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default();
                    if !text.is_empty() {
                        return text.to_owned();
                    }
                }
                Some(Event::Comment(_)) => {}
                Some(Event::Done) | None => panic!("no text came: {}", self.text),
            }
        }
    }

    /// Reads to the end; what was read before is part of it.
    pub async fn rest(mut self) -> Streamed {
        let mut ended = true;
        while let Some(frame) = timeout(PATIENCE, self.body.frame()).await.unwrap() {
            let Ok(frame) = frame else {
                ended = false;
                break;
            };
            let data = frame.into_data().unwrap_or_default();
            self.text.push_str(std::str::from_utf8(&data).unwrap());
        }
        let blocks = self.text.split("\n\n").filter(|block| !block.is_empty());
        let is_stream = self.header("content-type").is_some_and(|it| it.contains("event-stream"));
        let events = if is_stream { blocks.map(event).collect() } else { Vec::new() };
        Streamed { status: self.status, headers: self.headers, text: self.text, events, ended }
    }
}

fn event(block: &str) -> Event {
    if let Some(comment) = block.strip_prefix(':') {
        return Event::Comment(comment.trim().to_owned());
    }
    let data = block.strip_prefix("data: ").unwrap_or_else(|| panic!("not an event: {block}"));
    if data == "[DONE]" {
        return Event::Done;
    }
    let chunk = serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {data}"));
    Event::Chunk(chunk)
}

impl Streamed {
    /// The chunks.
    pub fn chunks(&self) -> Vec<&Value> {
        self.events.iter().filter_map(Event::chunk).collect()
    }

    /// How many comments came.
    pub fn comments(&self) -> usize {
        self.events.iter().filter(|event| matches!(event, Event::Comment(_))).count()
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The answer, which must be a good one in the contract's form (§3.3).
    pub fn said(&self) -> Said {
        self.must_be_well_formed();
        for chunk in self.chunks() {
            assert!(chunk.get("error").is_none(), "{}", self.text);
        }
        Said::of_chunks(&self.chunks())
    }

    /// What came before the answer broke off, and the error, which must be in the contract's form
    /// (§3.3): one last chunk with `error` and `finish_reason: "error"`, then `[DONE]`.
    pub fn broken_off(&self) -> (Said, Value) {
        self.must_be_well_formed();
        let chunks = self.chunks();
        let (last, before) = chunks.split_last().unwrap();
        assert!(before.iter().all(|chunk| chunk.get("error").is_none()), "{}", self.text);
        let error = last["error"].clone();
        assert!(error["code"].is_u64(), "{}", self.text);
        assert!(error["message"].is_string(), "{}", self.text);
        assert!(error["metadata"]["error_type"].is_string(), "{}", self.text);
        assert_eq!(last["choices"][0]["finish_reason"], "error", "{}", self.text);
        assert_eq!(last["choices"][0]["delta"]["content"], "", "{}", self.text);
        (Said::of_chunks(&chunks), error)
    }

    /// What every stream is, well or badly ended: status 200, chunks of one generation, usage once
    /// and in the last one, `[DONE]` once and at the very end.
    fn must_be_well_formed(&self) {
        let text = &self.text;
        assert_eq!(self.status, 200, "{text}");
        assert!(self.ended, "the connection broke: {text}");
        assert!(self.header("content-type").unwrap().starts_with("text/event-stream"), "{text}");
        assert_eq!(text.matches("[DONE]").count(), 1, "{text}");
        assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
        let chunks = self.chunks();
        let last = chunks.last().unwrap();
        assert_eq!(last["id"].as_str(), self.header("x-generation-id"), "{text}");
        for chunk in &chunks {
            for member in ["id", "created", "model", "provider"] {
                assert_eq!(chunk[member], last[member], "{text}");
            }
            assert_eq!(chunk["object"], "chat.completion.chunk", "{text}");
            let is_last = std::ptr::eq(*chunk, *last);
            assert_eq!(chunk.get("usage").is_some_and(|it| !it.is_null()), is_last, "{text}");
        }
    }
}
