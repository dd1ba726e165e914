//! What the tests of operations have in common.

use bytes::Bytes;
use serde_json::value::RawValue;
use tollgate_types::{GenerationId, Timestamp, Usage, UsageSource, Usd};

use crate::chat::{AnswerHead, UsageView};
use crate::json::RawObject;
use crate::operation::{
    Operation, OperationAnswer, OperationCall, OperationContent, Rendered, Upload,
};

pub(super) fn read(operation: Operation, body: &str) -> OperationCall {
    tried(operation, body).unwrap()
}

/// The call, or what is wrong with it.
pub(super) fn tried(operation: Operation, body: &str) -> Result<OperationCall, String> {
    OperationCall::read(operation, Bytes::copy_from_slice(body.as_bytes()))
        .map_err(|error| error.message().to_owned())
}

/// A form with a WAV of one second.
pub(super) fn form(fields: &str) -> Result<OperationCall, String> {
    let fields = RawObject::read(Bytes::copy_from_slice(fields.as_bytes())).unwrap();
    OperationCall::of_form(Operation::Transcription, fields, upload(wav()))
        .map_err(|error| error.message().to_owned())
}

pub(super) fn upload(bytes: Vec<u8>) -> Upload {
    Upload {
        file_name: Some("hello.WAV".to_owned()),
        media_type: Some("audio/wav".to_owned()),
        bytes: Bytes::from(bytes),
    }
}

/// One second of silence.
pub(super) fn wav() -> Vec<u8> {
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    bytes.extend(8_000_u32.to_le_bytes());
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend(b"\x02\0\x10\0data");
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend(vec![0; 16_000]);
    bytes
}

pub(super) fn head() -> AnswerHead {
    AnswerHead {
        id: GenerationId::from_text("gen-1-x"),
        created: Timestamp::from_unix_millis(1_000),
        model: "a/b".to_owned(),
        provider: "Acme".to_owned(),
        hides_reasoning: false,
    }
}

pub(super) fn reported(usage: Usage) -> UsageView {
    UsageView {
        usage: Usage { source: UsageSource::Reported, ..usage },
        cost: Usd::from_nanos(1_200),
        prompt_cost: Usd::from_nanos(900),
        completion_cost: Usd::from_nanos(300),
        upstream_cost: Usd::from_nanos(1_200),
        unpriced: false,
        is_byok: false,
    }
}

pub(super) fn rendered(call: &OperationCall, content: OperationContent, usage: Usage) -> Rendered {
    let answer = OperationAnswer { content, usage, upstream_id: None };
    answer.render(call, &head(), &reported(usage))
}

/// The media type and the text.
pub(super) fn text(rendered: Rendered) -> (String, String) {
    (rendered.media_type, String::from_utf8(rendered.body).unwrap())
}

pub(super) fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}
