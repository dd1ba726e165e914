//! What routing and metering need to know of a request, found out without building it.

use crate::chat::{ChatParams, Survey};
use crate::dialect::Reading;
use crate::error::BadRequest;
use crate::json::{
    Leaf, RawObject, ScanError, Scanner, Span, kind_of, leaves, not_json, prompt_length, raw_value,
    text_length, wrong_type,
};
use crate::responses::text::TextConfig;
use crate::responses::tools;
use crate::translation::data_uri::{astray, is_astray};
use crate::translation::{note, take_as, take_passed_on};

/// Members under names of this dialect, or with another meaning than chat gives them.
pub(super) const OWN_MEMBERS: &[&str] = &[
    "input",
    "instructions",
    "max_output_tokens",
    "text",
    "include",
    "store",
    "background",
    "previous_response_id",
    "conversation",
    "truncation",
    "stream_options",
    "context_management",
    "prompt",
    "messages",
];

/// Asks for token probabilities, among what `include` may list.
pub(super) const INCLUDE_LOGPROBS: &str = "message.output_text.logprobs";

/// Reads a request.
pub(super) fn reading(object: &RawObject) -> Result<Reading, BadRequest> {
    refuse_state(object)?;
    let mut reading = Reading::default();
    let mut has_input = object.member("prompt").is_some();
    let text = object.text().as_bytes();
    for (name, raw, offset) in object.members_at().filter(|(_, raw, _)| *raw != "null") {
        match name {
            "input" => {
                input(text, offset, &mut reading.survey)?;
                has_input = true;
            }
            "instructions" => instructions(raw, &mut reading.survey)?,
            "tools" => {
                reading.survey.tools = tools::count(raw)?;
                reading.survey.text_bytes += prompt_length(raw.as_bytes());
                note(&mut reading, "tools");
            }
            "text" => take_text(&TextConfig::read(raw)?, &mut reading)?,
            "max_output_tokens" => take_bound(raw, &mut reading)?,
            "truncation" => truncation(raw)?,
            "include" => includes(object).map(drop)?,
            // Whether the last asks for anything is seen below.
            "model" | "stream" | "top_logprobs" => reading.params.take(name, raw_value(raw)?)?,
            name if OWN_MEMBERS.contains(&name) => {}
            name => take_passed_on(&mut reading, name, raw)?,
        }
    }
    if !has_input {
        return Err(BadRequest::new("input: Required"));
    }
    if wants_logprobs(object)? {
        reading.params.logprobs = Some(true);
        note(&mut reading, "logprobs");
        if reading.params.top_logprobs.is_some() {
            note(&mut reading, "top_logprobs");
        }
    }
    Ok(reading)
}

/// What `include` lists.
pub(super) fn includes(object: &RawObject) -> Result<Vec<String>, BadRequest> {
    Ok(object.get("include", "array of strings")?.unwrap_or_default())
}

/// Whether token probabilities are asked for, in either of the dialect's ways.
pub(super) fn wants_logprobs(object: &RawObject) -> Result<bool, BadRequest> {
    let alternatives: Option<f64> = object.get("top_logprobs", "integer")?;
    Ok(alternatives.is_some_and(|count| count > 0.0)
        || includes(object)?.iter().any(|it| it == INCLUDE_LOGPROBS))
}

/// Nothing is stored here (contract §3.5), so nothing can be asked for that needs a store.
fn refuse_state(object: &RawObject) -> Result<(), BadRequest> {
    const RESEND: &str = "responses are not stored here; send the whole conversation as input";
    if object.get("store", "boolean")? == Some(true) {
        return Err(BadRequest::new(
            "store: Responses are not stored here; send false or leave it out",
        ));
    }
    for name in ["previous_response_id", "conversation"] {
        if object.member(name).is_some() {
            return Err(BadRequest::new(format!("{name}: Not supported, because {RESEND}")));
        }
    }
    if object.get("background", "boolean")? == Some(true) {
        return Err(BadRequest::new(
            "background: Not supported, because responses are not stored here; send false or leave it out",
        ));
    }
    Ok(())
}

fn take_bound(raw: &str, reading: &mut Reading) -> Result<(), BadRequest> {
    let mut bound = ChatParams::default();
    take_as(&mut bound, "max_tokens", "max_output_tokens", raw_value(raw)?)?;
    reading.params.max_tokens = bound.max_tokens;
    note(reading, "max_tokens");
    Ok(())
}

fn take_text(config: &TextConfig<'_>, reading: &mut Reading) -> Result<(), BadRequest> {
    if let Some(format) = config.response_format()? {
        reading.params.take("response_format", raw_value(&format)?)?;
        note(reading, "response_format");
    }
    if let Some(verbosity) = config.verbosity() {
        reading.params.take("verbosity", verbosity)?;
        note(reading, "verbosity");
    }
    Ok(())
}

fn truncation(raw: &str) -> Result<(), BadRequest> {
    match raw {
        r#""auto""# | r#""disabled""# => Ok(()),
        _ => Err(wrong_type("truncation", "one of auto, disabled", raw)),
    }
}

fn instructions(raw: &str, survey: &mut Survey) -> Result<(), BadRequest> {
    if !raw.starts_with('"') {
        return Err(wrong_type("instructions", "string", raw));
    }
    survey.messages += 1;
    survey.text_bytes += size(raw.len());
    Ok(())
}

/// Walks the `input` that stands at `offset`.
fn input(text: &[u8], offset: usize, survey: &mut Survey) -> Result<(), BadRequest> {
    let mut scanner = Scanner::at(text, offset);
    match scanner.peek() {
        Some(b'"') => {
            let span = scanner.value().map_err(|error| not_json(text, error))?;
            survey.messages += 1;
            survey.text_bytes += size(span.len());
            return Ok(());
        }
        Some(b'[') => {}
        _ => return Err(wrong_kind("input", "string or array of items", text, offset)),
    }
    let mut walk = || -> Result<Option<BadRequest>, ScanError> {
        scanner.begin_array()?;
        let mut index = 0;
        while scanner.next_element(index == 0)? {
            if scanner.peek() != Some(b'{') {
                let path = format!("input.{index}");
                return Ok(Some(wrong_kind(&path, "object", text, scanner.offset())));
            }
            match item(text, scanner.offset(), survey)? {
                Kind::Item => {}
                Kind::Reference => return Ok(Some(refers(&format!("input.{index}")))),
                Kind::Astray(image) => {
                    return Ok(Some(astray(format_args!("input.{index}: image_url"), image)));
                }
            }
            scanner.value()?;
            index += 1;
        }
        survey.messages += size(index);
        Ok(None)
    };
    walk().map_err(|error| not_json(text, error))?.map_or(Ok(()), Err)
}

/// Whether an item is one, or only says which it would be.
#[derive(Debug)]
enum Kind<'a> {
    Item,
    Reference,
    /// It holds an image without an address: what stands for one.
    Astray(&'a [u8]),
}

/// An item can't be referred to: nothing is stored here (contract §3.5), and what a provider keeps
/// is kept under our key, not the caller's.
pub(super) fn refers(path: &str) -> BadRequest {
    BadRequest::new(format!(
        "{path}: Items can't be referred to by id, because responses are not stored here; send the item itself"
    ))
}

/// Walks one item: its own members for what it is, then every string in it for what it contains.
fn item<'a>(text: &'a [u8], offset: usize, survey: &mut Survey) -> Result<Kind<'a>, ScanError> {
    let mut scanner = Scanner::at(text, offset);
    let (mut role, mut kind): (&[u8], &[u8]) = (b"", b"");
    let (mut extended, mut has_id) = (false, false);
    scanner.begin_object()?;
    let mut first = true;
    while let Some(key) = scanner.next_member(first)? {
        first = false;
        let span: Span = scanner.value()?;
        let value = text.get(span).unwrap_or_default();
        match key {
            _ if value == b"null" => {}
            b"id" => has_id = true,
            b"role" => role = value,
            b"type" => kind = value,
            b"format" | b"signature" => extended = true,
            _ => {}
        }
    }
    let is_bare = kind.is_empty() && role.is_empty() && has_id;
    if is_bare || kind == br#""item_reference""# {
        return Ok(Kind::Reference);
    }
    let is_message = kind.is_empty() || kind == br#""message""#;
    // OpenAI's own API refuses what the contract adds to its reasoning items.
    survey.extensions |= extended && kind == br#""reasoning""#;
    survey.developer_role |= role == br#""developer""#;
    survey.prefill = role == br#""assistant""# && is_message;
    let mut image = None;
    leaves(text, offset, |leaf| {
        let is_image =
            leaf.key == b"image_url" || (leaf.key == b"url" && leaf.parent == b"image_url");
        if is_image && is_astray(leaf.text) {
            image = Some(leaf.text);
        }
        notice(leaf, survey);
    })?;
    Ok(image.map_or(Kind::Item, Kind::Astray))
}

/// Notes what a string says of the prompt. Data (images, files, sealed thoughts) is not text.
fn notice(leaf: Leaf<'_>, survey: &mut Survey) {
    match (leaf.key, leaf.text) {
        (b"type", b"input_image" | b"computer_screenshot") => survey.images += 1,
        (b"type", b"input_file") => survey.files = true,
        (b"type", b"input_audio") => survey.audio = true,
        (b"type", b"input_video") => survey.video = true,
        // `cache_control: {"type": "ephemeral"}` and its OpenAI twin (contract §2.5).
        (b"type", b"ephemeral") | (b"mode", b"explicit") => survey.cache_markers = true,
        // Chat's long form has the address one level deeper.
        (b"url", url) if leaf.parent == b"image_url" => {
            survey.remote_images |= !url.starts_with(b"data:");
        }
        (b"image_url", url) => survey.remote_images |= !url.starts_with(b"data:"),
        (b"name" | b"arguments" | b"input", text) => {
            survey.text_bytes += size(text_length(text));
        }
        (b"text" | b"content" | b"refusal" | b"output", text) => {
            survey.text_bytes += size(text.len());
        }
        _ => {}
    }
}

fn wrong_kind(path: &str, expected: &str, text: &[u8], offset: usize) -> BadRequest {
    let rest = text.get(offset..).unwrap_or_default();
    let rest = rest.get(..rest.len().min(64)).unwrap_or_default();
    let shown = kind_of(String::from_utf8_lossy(rest).trim_start());
    let shown = shown.split([',', '}', ']']).next().unwrap_or_default();
    BadRequest::new(format!("{path}: Expected {expected}, received {shown}"))
}

fn size(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn read(body: &str) -> Result<Reading, String> {
        let object = RawObject::read(Bytes::copy_from_slice(body.as_bytes())).unwrap();
        reading(&object).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn parameters_are_taken_under_chats_names() {
        let reading = read(
            r#"{"model":"a/b","models":["c/d"],"input":"hello","instructions":"be brief","stream":true,"max_output_tokens":64,
              "temperature":0.5,"reasoning":{"effort":"high","exclude":true},"text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true},"verbosity":"low"},
              "top_logprobs":3,"tools":[{"type":"function","name":"f"},{"type":"web_search"},{"type":"custom","name":"g"}],"tool_choice":"auto",
              "user":"u","session_id":"s","service_tier":"flex","store":false,"previous_response_id":null,"background":false,"truncation":"auto"}"#,
        )
        .unwrap();
        let params = &reading.params;
        assert_eq!(params.model.as_deref(), Some("a/b"));
        assert_eq!(params.models, ["c/d"]);
        assert!(params.stream);
        assert_eq!(params.max_tokens, Some(64));
        assert_eq!(params.temperature, Some(0.5));
        assert_eq!(params.reasoning.wanted(), Some(true));
        assert!(params.reasoning.exclude);
        assert_eq!(params.verbosity.as_deref(), Some("low"));
        assert!(params.response_format.is_some());
        assert_eq!(params.logprobs, Some(true));
        assert_eq!(params.top_logprobs, Some(3));
        assert_eq!(params.user.as_deref(), Some("u"));
        assert_eq!(params.session_id.as_deref(), Some("s"));
        assert_eq!(params.service_tier.as_deref(), Some("flex"));
        assert_eq!(
            reading.parameters,
            [
                "max_tokens",
                "temperature",
                "reasoning",
                "response_format",
                "verbosity",
                "tools",
                "tool_choice",
                "logprobs",
                "top_logprobs"
            ]
        );
        assert_eq!(
            reading.survey,
            Survey { messages: 2, text_bytes: 7 + 10 + 83, tools: 2, ..Survey::default() }
        );
    }

    #[test]
    fn what_items_contain_is_found() {
        let reading = read(
            r#"{"input":[{"role":"developer","content":"be brief"},
              {"type":"message","role":"user","content":[{"type":"input_text","text":"what?","cache_control":{"type":"ephemeral"}},
                {"type":"input_image","image_url":"data:image/png;base64,AAAA"},{"type":"input_image","image_url":"https://x/y.png"},
                {"type":"input_file","file_data":"data:application/pdf;base64,AAAA"},{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}},
                {"type":"input_video","video_url":"https://x/y.mp4"}]},
              {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"AAAA","format":"openai-responses-v1"},
              {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},
              {"type":"function_call_output","call_id":"c","output":"42"},
              {"role":"assistant","content":"So"}]}"#,
        )
        .unwrap();
        assert_eq!(
            reading.survey,
            Survey {
                messages: 6,
                text_bytes: 8 + 5 + 2 + 1 + 2 + 2 + 2,
                images: 2,
                remote_images: true,
                audio: true,
                files: true,
                video: true,
                cache_markers: true,
                extensions: true,
                developer_role: true,
                prefill: true,
                ..Survey::default()
            }
        );
    }

    #[test]
    fn remote_images_are_found_in_either_form() {
        for (image_url, is_remote) in [
            (r#""https://x/y.png""#, true),
            (r#""data:image/png;base64,AAAA""#, false),
            (r#"{"url":"https://x/y.png","detail":"low"}"#, true),
            (r#"{"url":"data:image/png;base64,AAAA"}"#, false),
        ] {
            let body = format!(
                r#"{{"input":[{{"role":"user","content":[{{"type":"input_image","image_url":{image_url}}}]}}]}}"#
            );
            let survey = read(&body).unwrap().survey;
            assert_eq!((survey.images, survey.remote_images), (1, is_remote), "{image_url}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (body, message) in [
            ("{}", "input: Required"),
            (r#"{"input":null}"#, "input: Required"),
            (r#"{"input":7}"#, "input: Expected string or array of items, received number 7"),
            (r#"{"input":["x"]}"#, "input.0: Expected object, received string \"x\""),
            (
                r#"{"input":[{"role":"user","content":"x"},{"type":"item_reference","id":"msg_1"}]}"#,
                "input.1: Items can't be referred to by id, because responses are not stored here; send the item itself",
            ),
            (
                r#"{"input":[{"type":null,"id":"msg_1"}]}"#,
                "input.0: Items can't be referred to by id, because responses are not stored here; send the item itself",
            ),
            (
                r#"{"input":"x","store":true}"#,
                "store: Responses are not stored here; send false or leave it out",
            ),
            (
                r#"{"input":"x","previous_response_id":"resp_1"}"#,
                "previous_response_id: Not supported, because responses are not stored here; send the whole conversation as input",
            ),
            (
                r#"{"input":"x","conversation":{"id":"conv_1"}}"#,
                "conversation: Not supported, because responses are not stored here; send the whole conversation as input",
            ),
            (
                r#"{"input":"x","background":true}"#,
                "background: Not supported, because responses are not stored here; send false or leave it out",
            ),
            (
                r#"{"input":"x","max_output_tokens":0}"#,
                "max_output_tokens: Number must be at least 1, received 0",
            ),
            (
                r#"{"input":"x","truncation":"some"}"#,
                "truncation: Expected one of auto, disabled, received string \"some\"",
            ),
            (
                r#"{"input":"x","instructions":["y"]}"#,
                "instructions: Expected string, received array",
            ),
            (
                r#"{"input":"x","temperature":3}"#,
                "temperature: Number must be at least 0 and at most 2, received 3",
            ),
            (
                r#"{"input":"x","text":"y"}"#,
                "text: Expected object with format and verbosity, received string \"y\"",
            ),
            (r#"{"input":"x","tools":{}}"#, "tools: Expected array of objects, received object"),
            (
                r#"{"input":"x","include":"y"}"#,
                "include: Expected array of strings, received string \"y\"",
            ),
        ] {
            assert_eq!(read(body).unwrap_err(), message, "{body}");
        }
        assert!(read(r#"{"prompt":{"id":"pmpt_1"}}"#).is_ok());
    }
}
