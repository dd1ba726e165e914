//! Text read aloud.
//!
//! <https://platform.openai.com/docs/api-reference/audio/createSpeech>

use tollgate_catalog::OperationStyle;
use tollgate_wire::json::ObjectWriter;
use tollgate_wire::operation::{OperationAnswer, OperationContent, SpeechAnswer, SpeechRequest};

use super::members;
use super::shape::Frame;
use crate::operation::answers;
use crate::{Fault, Reply, Task, Unsupported};

/// The voice of a caller who does not choose one: the protocol wants one to be named.
const VOICE: &str = "alloy";

/// The body. The form of the sound is always said, because the contract's default is not the
/// provider's.
pub(super) fn body(task: &Task<'_>, request: &SpeechRequest) -> Result<Vec<u8>, Unsupported> {
    let is_openrouter = task.target.quirks.operation_style == OperationStyle::OpenRouter;
    if !request.references.is_empty() && !is_openrouter {
        return Err(Unsupported("speech in the voice of a recording".to_owned()));
    }
    let write = |object: &mut ObjectWriter<'_>, key: &str, raw: &str| match key {
        // A sound in events would not be the sound.
        "response_format" | "stream_format" => {}
        "input_references" if !is_openrouter => {}
        key => object.member(key, raw),
    };
    let end = |object: &mut ObjectWriter<'_>| {
        if request.voice.is_none() && !is_openrouter {
            object.field("voice", VOICE);
        }
        object.field("response_format", request.format.as_str());
    };
    Ok(members::body(task, write, end))
}

/// Reads the answer, which is the sound itself.
pub(super) fn answer(
    task: &Task<'_>,
    request: &SpeechRequest,
    reply: &Reply,
) -> Result<OperationAnswer, Fault> {
    if reply.body.is_empty() {
        return Err(answers::empty("sound"));
    }
    if is_json(&reply.media_type) {
        // Either it says what went wrong, or it is no sound.
        Frame::read(&reply.body)?;
        return Err(Fault::malformed("it is JSON and not sound"));
    }
    let media_type = if reply.media_type.starts_with("audio/") {
        reply.media_type.clone()
    } else {
        request.format.media_type().to_owned()
    };
    let sound = SpeechAnswer { media_type, audio: reply.body.clone() };
    let content = OperationContent::Speech(sound);
    Ok(OperationAnswer { content, usage: task.call.measured(), upstream_id: None })
}

fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}
