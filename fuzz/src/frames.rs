//! Event streams of AWS from scripts: mutated bytes never have the right checksums.
//!
//! A script is frames that end in 0x1e. A frame is its kind (`event`, `exception`, `error`, or
//! anything), 0x1f, its type or code, 0x1f, its payload.

use aws_smithy_eventstream::frame::{read_message_from, write_message_to};
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};

const FRAME_END: u8 = 0x1e;
const FIELD_END: u8 = 0x1f;

/// The stream that a script says.
pub fn stream(script: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for frame in script.split(|byte| *byte == FRAME_END).filter(|frame| !frame.is_empty()) {
        let mut fields = frame.splitn(3, |byte| *byte == FIELD_END);
        let mut field = || fields.next().unwrap_or_default();
        let (kind, name, payload) = (field(), field(), field());
        // A frame that is too large for its framing is none.
        let whole = write_message_to(&message(kind, name, payload), &mut bytes);
        if whole.is_err() {
            break;
        }
    }
    bytes
}

fn message(kind: &[u8], name: &[u8], payload: &[u8]) -> Message {
    let text = |bytes: &[u8]| {
        let short = &bytes[..bytes.len().min(200)];
        HeaderValue::String(String::from_utf8_lossy(short).into_owned().into())
    };
    let named = match kind {
        b"exception" => ":exception-type",
        b"error" => ":error-code",
        _ => ":event-type",
    };
    let mut message = Message::new(payload.to_vec())
        .add_header(Header::new(":message-type", text(kind)))
        .add_header(Header::new(named, text(name)));
    if kind == b"error" {
        message = message.add_header(Header::new(":error-message", text(payload)));
    }
    message
}

/// The script of a recorded stream, as far as the stream is one.
pub fn script(mut recording: &[u8]) -> Vec<u8> {
    let mut script = Vec::new();
    while let Ok(message) = read_message_from(&mut recording) {
        let header = |name: &str| {
            let header = message.headers().iter().find(|it| it.name().as_str() == name)?;
            Some(header.value().as_string().ok()?.as_str().to_owned())
        };
        let kind = header(":message-type").unwrap_or_default();
        let name = [":event-type", ":exception-type", ":error-code"].into_iter().find_map(header);
        script.extend_from_slice(kind.as_bytes());
        script.push(FIELD_END);
        script.extend_from_slice(name.unwrap_or_default().as_bytes());
        script.push(FIELD_END);
        script.extend_from_slice(message.payload());
        script.push(FRAME_END);
    }
    script
}
