//! Speech written down, by Voxtral.

use tollgate_wire::operation::TranscriptionRequest;

use crate::openai_chat::operations::form::Form;
use crate::openai_chat::operations::transcription::file;
use crate::{Task, Unsupported};

/// Members that only this provider knows.
const OWN: &[&str] = &["context_bias", "diarize"];

/// The request. Times are asked for by their granularity, and not together with a language: then
/// the provider finds the language out by itself.
pub(super) fn form(task: &Task<'_>, request: &TranscriptionRequest) -> Result<Form, Unsupported> {
    if request.wants_words() && request.wants_segments() {
        return Err(Unsupported("times of words and of segments at once".to_owned()));
    }
    let mut form = Form::default();
    file(&mut form, request);
    form.field("model", task.target.upstream_model.to_owned());
    let granularity = match (request.wants_words(), request.wants_segments()) {
        (true, _) => Some("word"),
        (_, true) => Some("segment"),
        (false, false) => None,
    };
    match (granularity, &request.language) {
        (Some(granularity), _) => form.field("timestamp_granularities", granularity),
        (None, Some(language)) => form.field("language", language.clone()),
        (None, None) => {}
    }
    if let Some(temperature) = request.temperature {
        form.field("temperature", temperature.to_string());
    }
    for (name, raw) in task.call.unknown_members().filter(|(name, _)| OWN.contains(name)) {
        form.json_field(name, raw);
    }
    Ok(form)
}
