//! Events collected into one completion (contract §3.1).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::answer::AnswerBuilder;
use crate::chat::event::{AnswerHead, AudioDelta, ChatEvent, FinishReason, ReasoningDetail};
use crate::chat::usage::UsageView;
use crate::error::{ErrorBody, ErrorObject};
use crate::translation::custom::CustomArguments;

/// Collects the events of an answer and writes them as one `chat.completion`.
#[derive(Debug, Default)]
pub struct CompletionBuilder {
    content: Option<String>,
    refusal: Option<String>,
    reasoning: String,
    reasoning_details: Vec<ReasoningDetail>,
    tool_calls: Vec<ToolCall>,
    images: Vec<ImageObject>,
    audio: Option<AudioDelta>,
    annotations: Vec<Box<RawValue>>,
    logprobs: Option<Box<RawValue>>,
    service_tier: Option<String>,
    finish: Option<(FinishReason, String)>,
    /// The custom tools that are offered.
    custom: Vec<String>,
}

#[derive(Debug)]
struct ToolCall {
    index: u32,
    id: String,
    name: String,
    arguments: String,
}

#[derive(Serialize)]
struct ToolCallObject<'a> {
    index: u32,
    id: &'a str,
    #[serde(flatten)]
    called: Called<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Called<'a> {
    Function { function: FunctionObject<'a> },
    Custom { custom: CustomObject<'a> },
}

#[derive(Serialize)]
struct FunctionObject<'a> {
    name: &'a str,
    arguments: &'a str,
}

#[derive(Serialize)]
struct CustomObject<'a> {
    name: &'a str,
    input: Cow<'a, str>,
}

#[derive(Debug, Serialize)]
struct ImageObject {
    #[serde(rename = "type")]
    kind: &'static str,
    image_url: ImageUrl,
    index: usize,
}

#[derive(Debug, Serialize)]
struct ImageUrl {
    url: String,
}

#[derive(Serialize)]
struct CompletionObject<'a> {
    id: &'a str,
    provider: &'a str,
    model: &'a str,
    object: &'static str,
    created: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'a str>,
    system_fingerprint: Option<()>,
    choices: [ChoiceObject<'a>; 1],
    usage: &'a UsageView,
}

#[derive(Serialize)]
struct ChoiceObject<'a> {
    logprobs: Option<&'a RawValue>,
    finish_reason: &'static str,
    native_finish_reason: &'a str,
    index: u32,
    message: MessageObject<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a ErrorObject>,
}

#[derive(Serialize)]
struct MessageObject<'a> {
    role: &'static str,
    content: Option<&'a str>,
    refusal: Option<&'a str>,
    reasoning: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    reasoning_details: &'a [ReasoningDetail],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCallObject<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    images: &'a [ImageObject],
    #[serde(skip_serializing_if = "Option::is_none")]
    audio: Option<&'a AudioDelta>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    annotations: &'a [Box<RawValue>],
}

impl AnswerBuilder for CompletionBuilder {
    fn event(&mut self, event: ChatEvent) {
        match event {
            ChatEvent::Text(text) => self.content.get_or_insert_default().push_str(&text),
            ChatEvent::Refusal(text) => self.refusal.get_or_insert_default().push_str(&text),
            ChatEvent::Reasoning(detail) => self.reason(detail),
            ChatEvent::ToolCallStart { index, id, name } => {
                self.tool_calls.push(ToolCall { index, id, name, arguments: String::new() });
            }
            ChatEvent::ToolCallArguments { index, fragment } => {
                let call = self.tool_calls.iter_mut().rev().find(|call| call.index == index);
                if let Some(call) = call {
                    call.arguments.push_str(&fragment);
                }
            }
            ChatEvent::Image { url } => self.images.push(ImageObject {
                kind: "image_url",
                image_url: ImageUrl { url },
                index: self.images.len(),
            }),
            ChatEvent::Audio(piece) => self.audio.get_or_insert_default().add(piece),
            ChatEvent::Annotation(annotation) => self.annotations.push(annotation),
            ChatEvent::Logprobs(logprobs) => {
                self.logprobs = Some(joined(self.logprobs.take(), logprobs));
            }
            ChatEvent::ServiceTier(tier) => self.service_tier = Some(tier),
            ChatEvent::Finish { reason, native } => self.finish = Some((reason, native)),
            ChatEvent::UpstreamId(_) | ChatEvent::StopSequence(_) | ChatEvent::Usage(_) => {}
        }
    }

    fn build(&self, head: &AnswerHead, usage: &UsageView, error: Option<&ErrorBody>) -> Vec<u8> {
        let (reason, native) = match (&self.finish, error) {
            (_, Some(_)) => (FinishReason::Error, "error"),
            (Some((reason, native)), None) => (*reason, native.as_str()),
            (None, None) => (FinishReason::Stop, "stop"),
        };
        let completion = CompletionObject {
            id: head.id.as_str(),
            provider: &head.provider,
            model: &head.model,
            object: "chat.completion",
            created: head.created.unix_seconds(),
            service_tier: self.service_tier.as_deref(),
            system_fingerprint: None,
            choices: [ChoiceObject {
                logprobs: self.logprobs.as_deref(),
                finish_reason: reason.as_str(),
                native_finish_reason: native,
                index: 0,
                message: self.message(),
                error: error.map(|body| &body.error),
            }],
            usage,
        };
        serde_json::to_vec(&completion).unwrap_or_default()
    }
}

impl CompletionBuilder {
    /// Calls of these tools are written as calls of custom tools.
    pub(super) fn with_custom(mut self, names: Vec<String>) -> Self {
        self.custom = names;
        self
    }

    /// Pieces of one block become one detail, its signature included.
    fn reason(&mut self, detail: ReasoningDetail) {
        self.reasoning.push_str(detail.text());
        let block = self.reasoning_details.last_mut().filter(|last| {
            last.index == detail.index && last.kind == detail.kind && last.signature.is_none()
        });
        let Some(block) = block else {
            self.reasoning_details.push(detail);
            return;
        };
        append(&mut block.text, detail.text);
        append(&mut block.summary, detail.summary);
        append(&mut block.data, detail.data);
        block.signature = detail.signature;
        block.id = block.id.take().or(detail.id);
    }

    fn call<'a>(&'a self, call: &'a ToolCall) -> ToolCallObject<'a> {
        let name = call.name.as_str();
        let called = if self.custom.contains(&call.name) {
            let input = CustomArguments::input_of(&call.arguments);
            Called::Custom { custom: CustomObject { name, input } }
        } else {
            Called::Function { function: FunctionObject { name, arguments: &call.arguments } }
        };
        ToolCallObject { index: call.index, id: &call.id, called }
    }

    fn message(&self) -> MessageObject<'_> {
        // An answer that only calls tools has no content; any other has at least an empty one.
        let empty = self.tool_calls.is_empty().then_some("");
        MessageObject {
            role: "assistant",
            content: self.content.as_deref().or(empty),
            refusal: self.refusal.as_deref(),
            reasoning: Some(self.reasoning.as_str()).filter(|text| !text.is_empty()),
            reasoning_details: &self.reasoning_details,
            tool_calls: self.tool_calls.iter().map(|call| self.call(call)).collect(),
            images: &self.images,
            audio: self.audio.as_ref(),
            annotations: &self.annotations,
        }
    }
}

impl AudioDelta {
    /// Pieces of one sound become one.
    fn add(&mut self, piece: Self) {
        append(&mut self.data, piece.data);
        append(&mut self.transcript, piece.transcript);
        self.id = self.id.take().or(piece.id);
        self.expires_at = self.expires_at.or(piece.expires_at);
    }
}

/// The probabilities of a streamed answer come in pieces, each with its own tokens.
fn joined(before: Option<Box<RawValue>>, more: Box<RawValue>) -> Box<RawValue> {
    #[derive(Default, Serialize, Deserialize)]
    #[serde(default)]
    struct Logprobs {
        content: Option<Vec<Box<RawValue>>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        refusal: Option<Vec<Box<RawValue>>>,
    }
    let Some(before) = before else { return more };
    let read = |raw: &RawValue| serde_json::from_str::<Logprobs>(raw.get()).unwrap_or_default();
    let (mut all, more) = (read(&before), read(&more));
    for (all, more) in [(&mut all.content, more.content), (&mut all.refusal, more.refusal)] {
        match (all.as_mut(), more) {
            (Some(all), Some(more)) => all.extend(more),
            (None, more) => *all = more,
            (Some(_), None) => {}
        }
    }
    serde_json::value::to_raw_value(&all).unwrap_or(before)
}

fn append(text: &mut Option<String>, more: Option<String>) {
    match (text.as_mut(), more) {
        (_, None) => {}
        (Some(text), Some(more)) => text.push_str(&more),
        (None, more) => *text = more,
    }
}

#[cfg(test)]
mod tests {
    use tollgate_types::{GenerationId, Timestamp, Usage, UsageSource, Usd};

    use super::*;
    use crate::answer::AnswerWriter;
    use crate::chat::{ChunkWriter, ReasoningFormat};

    fn head() -> AnswerHead {
        AnswerHead {
            id: GenerationId::from_text("gen-1-x"),
            created: Timestamp::from_unix_millis(1_000),
            model: "a/b".to_owned(),
            provider: "Acme".to_owned(),
            hides_reasoning: false,
        }
    }

    fn usage() -> UsageView {
        UsageView {
            usage: Usage {
                source: UsageSource::Reported,
                prompt_tokens: 9,
                completion_tokens: 1,
                ..Usage::default()
            },
            cost: Usd::from_nanos(1_200),
            prompt_cost: Usd::from_nanos(900),
            completion_cost: Usd::from_nanos(300),
            upstream_cost: Usd::from_nanos(1_200),
            unpriced: false,
            is_byok: false,
        }
    }

    fn events() -> Vec<ChatEvent> {
        let format = ReasoningFormat::Anthropic;
        vec![
            ChatEvent::Reasoning(ReasoningDetail::thought("h".to_owned(), format, 0)),
            ChatEvent::Reasoning(ReasoningDetail::thought("m".to_owned(), format, 0)),
            ChatEvent::Reasoning(ReasoningDetail::signed("c2ln".to_owned(), format, 0)),
            ChatEvent::Text("ok".to_owned()),
            ChatEvent::ToolCallStart { index: 0, id: "call_1".to_owned(), name: "f".to_owned() },
            ChatEvent::ToolCallArguments { index: 0, fragment: "{\"a\"".to_owned() },
            ChatEvent::ToolCallArguments { index: 0, fragment: ":1}".to_owned() },
            ChatEvent::Finish { reason: FinishReason::ToolCalls, native: "tool_use".to_owned() },
        ]
    }

    const USAGE: &str = r#"{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10,"cost":0.0000012,"is_byok":false,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":0,"audio_tokens":0,"video_tokens":0},"cost_details":{"upstream_inference_cost":0.0000012,"upstream_inference_prompt_cost":0.0000009,"upstream_inference_completions_cost":0.0000003},"completion_tokens_details":{"reasoning_tokens":0,"image_tokens":0,"audio_tokens":0}}"#;

    #[test]
    fn events_become_a_completion() {
        let mut builder = CompletionBuilder::default();
        for event in events() {
            builder.event(event);
        }
        let json = String::from_utf8(builder.build(&head(), &usage(), None)).unwrap();
        assert_eq!(
            json,
            format!(
                r#"{{"id":"gen-1-x","provider":"Acme","model":"a/b","object":"chat.completion","created":1,"system_fingerprint":null,"choices":[{{"logprobs":null,"finish_reason":"tool_calls","native_finish_reason":"tool_use","index":0,"message":{{"role":"assistant","content":"ok","refusal":null,"reasoning":"hm","reasoning_details":[{{"type":"reasoning.text","text":"hm","signature":"c2ln","format":"anthropic-claude-v1","index":0}}],"tool_calls":[{{"index":0,"id":"call_1","type":"function","function":{{"name":"f","arguments":"{{\"a\":1}}"}}}}]}}}}],"usage":{USAGE}}}"#
            )
        );
    }

    #[test]
    fn events_become_chunks_in_the_contracts_form() {
        let mut writer = ChunkWriter::new(&head());
        let mut out = Vec::new();
        for event in events() {
            writer.event(&mut out, &event);
        }
        writer.end(&mut out, (FinishReason::ToolCalls, "tool_use"), &usage());
        let text = String::from_utf8(out).unwrap();
        let head = r#"data: {"id":"gen-1-x","provider":"Acme","model":"a/b","object":"chat.completion.chunk","created":1,"choices":[{"index":0,"delta":{"#;
        let open = r#"},"finish_reason":null,"native_finish_reason":null,"logprobs":null}]}"#;
        let finished = r#""content":""},"finish_reason":"tool_calls","native_finish_reason":"tool_use","logprobs":null}]"#;
        let expected = [
            format!(r#"{head}"role":"assistant","content":""{open}"#),
            format!(
                r#"{head}"content":"","reasoning":"h","reasoning_details":[{{"type":"reasoning.text","text":"h","format":"anthropic-claude-v1","index":0}}]{open}"#
            ),
            format!(
                r#"{head}"content":"","reasoning":"m","reasoning_details":[{{"type":"reasoning.text","text":"m","format":"anthropic-claude-v1","index":0}}]{open}"#
            ),
            format!(
                r#"{head}"content":"","reasoning_details":[{{"type":"reasoning.text","signature":"c2ln","format":"anthropic-claude-v1","index":0}}]{open}"#
            ),
            format!(r#"{head}"content":"ok"{open}"#),
            format!(
                r#"{head}"tool_calls":[{{"index":0,"id":"call_1","type":"function","function":{{"name":"f","arguments":""}}}}]{open}"#
            ),
            format!(
                r#"{head}"tool_calls":[{{"index":0,"function":{{"arguments":"{{\"a\""}}}}]{open}"#
            ),
            format!(
                r#"{head}"tool_calls":[{{"index":0,"function":{{"arguments":":1}}"}}}}]{open}"#
            ),
            format!("{head}{finished}}}"),
            format!("{head}{finished},\"usage\":{USAGE}}}"),
            "data: [DONE]".to_owned(),
            String::new(),
        ];
        assert_eq!(text, expected.join("\n\n"));
    }

    #[test]
    fn calls_of_custom_tools_are_written_as_such() {
        let (start, add) = (
            |index, id: &str, name: &str| ChatEvent::ToolCallStart {
                index,
                id: id.to_owned(),
                name: name.to_owned(),
            },
            |index, fragment: &str| ChatEvent::ToolCallArguments {
                index,
                fragment: fragment.to_owned(),
            },
        );
        let events = [
            start(0, "c0", "p"),
            add(0, r#"{"input":"a"#),
            start(1, "c1", "f"),
            add(1, r#"{"input":"x"}"#),
            add(0, r#"\n\"b\""}"#),
            start(2, "c2", "p"),
            add(2, "no JSON"),
            ChatEvent::Finish { reason: FinishReason::ToolCalls, native: "tool_use".to_owned() },
        ];
        let names = vec!["p".to_owned()];
        let mut builder = CompletionBuilder::default().with_custom(names.clone());
        let mut writer = ChunkWriter::new(&head()).with_custom(names);
        let mut out = Vec::new();
        for event in events {
            writer.event(&mut out, &event);
            builder.event(event);
        }
        writer.end(&mut out, (FinishReason::ToolCalls, "tool_use"), &usage());
        let streamed = String::from_utf8(out).unwrap();
        let calls: Vec<&str> = streamed
            .split("\"tool_calls\":[")
            .skip(1)
            .filter_map(|rest| Some(rest.split_once("]},")?.0))
            .collect();
        let first =
            r#"{"index":0,"id":"c0","type":"custom","custom":{"name":"p","input":"a\n\"b\""}}"#;
        let last =
            r#"{"index":2,"id":"c2","type":"custom","custom":{"name":"p","input":"no JSON"}}"#;
        let expected = [
            r#"{"index":1,"id":"c1","type":"function","function":{"name":"f","arguments":""}}"#,
            r#"{"index":1,"function":{"arguments":"{\"input\":\"x\"}"}}"#,
            first,
            last,
        ];
        assert_eq!(calls, expected, "{streamed}");
        let whole = String::from_utf8(builder.build(&head(), &usage(), None)).unwrap();
        let function = r#"{"index":1,"id":"c1","type":"function","function":{"name":"f","arguments":"{\"input\":\"x\"}"}}"#;
        let calls = format!(r#""tool_calls":[{first},{function},{last}]"#);
        assert!(whole.contains(&calls), "{whole}");
    }

    #[test]
    fn images_have_the_same_numbers_in_a_stream_and_whole() {
        let image = |url: &str| ChatEvent::Image { url: url.to_owned() };
        let events = [image("data:image/png;base64,AA=="), image("data:image/png;base64,BB==")];
        let mut builder = CompletionBuilder::default();
        let mut writer = ChunkWriter::new(&head());
        let mut out = Vec::new();
        for event in events {
            writer.event(&mut out, &event);
            builder.event(event);
        }
        let streamed = String::from_utf8(out).unwrap();
        let whole = String::from_utf8(builder.build(&head(), &usage(), None)).unwrap();
        for (index, data) in ["AA", "BB"].iter().enumerate() {
            let image = format!(
                r#"{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{data}=="}},"index":{index}}}"#
            );
            assert!(streamed.contains(&format!(r#""images":[{image}]"#)), "{streamed}");
            assert!(whole.contains(&image), "{whole}");
        }
    }
}
