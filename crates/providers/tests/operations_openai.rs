//! Operations of OpenAI's protocol and of those next to it, and the counters of tokens: calls as
//! they are encoded, and recorded answers as they are read.

#![expect(
    clippy::unwrap_used,
    reason = "this is a test, which should panic where something is not as expected"
)]

#[path = "operations_openai/answers.rs"]
mod answers;

#[path = "operations_openai/counters.rs"]
mod counters;

#[path = "operations_openai/images.rs"]
mod images;

#[path = "operations_openai/neighbours.rs"]
mod neighbours;

#[path = "operations_openai/requests.rs"]
mod requests;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::Request;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tollgate_catalog::{Auth, OperationStyle, Quirks};
use tollgate_providers::{Adapter, EncodeError, Fault, Reply, Target, Task};
use tollgate_types::{Timestamp, Usage, UsageSource};
use tollgate_wire::json::RawObject;
use tollgate_wire::operation::{
    Operation, OperationAnswer, OperationCall, OperationContent, Upload, Vector,
};

/// Where the recordings of operations are.
pub(crate) fn recordings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/operations")
}

/// Where a call of these tests goes.
pub(crate) struct Place {
    pub(crate) base_url: &'static str,
    pub(crate) model: &'static str,
    pub(crate) auth: Auth,
    pub(crate) quirks: Quirks,
}

impl Place {
    pub(crate) fn of(model: &'static str) -> Self {
        Self {
            base_url: "https://openai.test/v1",
            model,
            auth: Auth::Bearer,
            quirks: Quirks::default(),
        }
    }

    pub(crate) fn styled(model: &'static str, operation_style: OperationStyle) -> Self {
        Self { quirks: Quirks { operation_style, ..Quirks::default() }, ..Self::of(model) }
    }

    pub(crate) fn target(&self) -> Target<'_> {
        Target {
            base_url: self.base_url,
            upstream_model: self.model,
            credential: Some("sk-x"),
            max_output: None,
            supported_parameters: &[],
            auth: self.auth,
            quirks: &self.quirks,
            service: tollgate_catalog::Service::default(),
        }
    }

    pub(crate) fn encode(
        &self,
        adapter: &dyn Adapter,
        call: &OperationCall,
    ) -> Result<Request<Bytes>, EncodeError> {
        adapter.operations().unwrap().encode(&self.task(call))
    }

    /// Reads an answer to a call.
    pub(crate) fn answer(
        &self,
        adapter: &dyn Adapter,
        call: &OperationCall,
        body: &[u8],
    ) -> Result<OperationAnswer, Fault> {
        let media_type = "application/json".to_owned();
        let reply = Reply { media_type, body: Bytes::copy_from_slice(body) };
        adapter.operations().unwrap().answer(&self.task(call), &reply)
    }

    /// The path and the JSON that a call becomes.
    pub(crate) fn sent(&self, adapter: &dyn Adapter, call: &OperationCall) -> (String, Value) {
        let request = self.encode(adapter, call).unwrap();
        assert_eq!(request.headers()[CONTENT_TYPE], "application/json");
        (request.uri().path().to_owned(), serde_json::from_slice(request.body()).unwrap())
    }

    /// Why a call can't be encoded.
    pub(crate) fn refusal(&self, adapter: &dyn Adapter, call: &OperationCall) -> String {
        self.encode(adapter, call).unwrap_err().to_string()
    }

    pub(crate) fn task<'a>(&'a self, call: &'a OperationCall) -> Task<'a> {
        let now = Timestamp::from_unix_millis(1_000);
        Task { call, target: self.target(), end_user: Some("u-1"), now }
    }
}

/// Reads a call.
pub(crate) fn call(operation: Operation, body: &Value) -> OperationCall {
    OperationCall::read(operation, Bytes::from(body.to_string())).unwrap()
}

/// Reads a form with a file.
pub(crate) fn form(fields: &Value, file_name: Option<&str>, bytes: &'static [u8]) -> OperationCall {
    let fields = RawObject::read(Bytes::from(fields.to_string())).unwrap();
    let upload = Upload {
        file_name: file_name.map(str::to_owned),
        media_type: None,
        bytes: Bytes::from_static(bytes),
    };
    OperationCall::of_form(Operation::Transcription, fields, upload).unwrap()
}

/// The parts of a form: the head, without what is the same in all, and the content.
pub(crate) fn parts(request: &Request<Bytes>) -> Vec<(String, String)> {
    let media_type = request.headers()[CONTENT_TYPE].to_str().unwrap();
    let boundary = media_type.strip_prefix("multipart/form-data; boundary=").unwrap();
    let text = String::from_utf8_lossy(request.body()).into_owned();
    let (inner, end) = text.rsplit_once(&format!("--{boundary}--")).unwrap();
    assert_eq!(end, "\r\n");
    let delimiter = format!("--{boundary}\r\n");
    let mut pieces = inner.split(&delimiter);
    assert_eq!(pieces.next(), Some(""), "a form begins with its first part");
    pieces
        .map(|piece| {
            let (head, content) = piece.split_once("\r\n\r\n").unwrap();
            let head = head.strip_prefix("Content-Disposition: form-data; ").unwrap();
            (head.replace("\r\n", " | "), content.strip_suffix("\r\n").unwrap().to_owned())
        })
        .collect()
}

/// An answer, or why there is none, for reading.
pub(crate) fn shown(answer: Result<OperationAnswer, Fault>) -> String {
    let mut text = String::new();
    match answer {
        Ok(OperationAnswer { content, usage, upstream_id }) => {
            show(&mut text, &content);
            show_usage(&mut text, &usage);
            if let Some(id) = upstream_id {
                write!(text, " id {id}").unwrap();
            }
        }
        Err(fault) => {
            let message = fault.message.unwrap_or_default();
            write!(text, "{}: {message}", fault.kind.as_str()).unwrap();
        }
    }
    text
}

fn show(text: &mut String, content: &OperationContent) {
    match content {
        OperationContent::Embeddings(vectors) => vectors.iter().for_each(|vector| match vector {
            Vector::Numbers(raw) => write!(text, "{raw} ").unwrap(),
            Vector::Base64(data) => write!(text, "{data} ").unwrap(),
        }),
        OperationContent::Rerank(ranked) => ranked
            .iter()
            .for_each(|it| write!(text, "{}:{} ", it.index, it.relevance_score).unwrap()),
        OperationContent::Speech(sound) => {
            write!(text, "{} {:?} ", sound.media_type, sound.audio).unwrap();
        }
        OperationContent::Transcription(it) => {
            write!(text, "{:?} {:?} {:?} ", it.text, it.language, it.duration).unwrap();
            for segment in &it.segments {
                write!(text, "[{}] ", json!(segment)).unwrap();
            }
            for word in &it.words {
                write!(text, "({} {}-{}) ", word.word, word.start, word.end).unwrap();
            }
        }
        OperationContent::Image(images) => images.iter().for_each(|image| {
            let media_type = image.media_type.as_deref().unwrap_or("?");
            write!(text, "{media_type} {} ", image.data).unwrap();
        }),
        OperationContent::Moderation(verdicts) => {
            let json = |it| serde_json::to_string(it).unwrap();
            for verdict in verdicts {
                write!(text, "{} ", json(verdict)).unwrap();
            }
        }
    }
}

fn show_usage(text: &mut String, usage: &Usage) {
    let source = if usage.source == UsageSource::Reported { "reported" } else { "estimated" };
    write!(text, "| {source}").unwrap();
    for (name, count) in [
        ("prompt", usage.prompt_tokens),
        ("completion", usage.completion_tokens),
        ("images in", usage.image_prompt_tokens),
        ("image tokens", usage.image_completion_tokens),
        ("images", usage.completion_images),
        ("audio in", usage.audio_prompt_tokens),
        ("ms", usage.prompt_audio_milliseconds),
        ("characters", usage.prompt_characters),
        ("searches", usage.search_units),
    ] {
        if count > 0 {
            write!(text, " {name} {count}").unwrap();
        }
    }
}
