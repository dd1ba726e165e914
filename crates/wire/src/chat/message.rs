//! Messages as values, for translation into another dialect (contract §2.2).

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::chat::call::ChatCall;
use crate::chat::event::ReasoningDetail;
use crate::chat::params::ChatParams;
use crate::chat::tool::{Chosen, Tool, ToolChoice, ToolObject};
use crate::error::BadRequest;
use crate::translation::custom::CustomArguments;
use crate::translation::data_uri::in_base64;

/// A chat request whose messages and tools are values. Text is borrowed from the request's bytes
/// wherever it has no escapes.
#[derive(Debug, Clone)]
pub struct ChatRequest<'a> {
    /// The parameters.
    pub params: &'a ChatParams,
    /// The conversation.
    pub messages: Vec<Message<'a>>,
    /// Tools offered.
    pub tools: Vec<Tool<'a>>,
    /// Which of them to call.
    pub tool_choice: Option<ToolChoice>,
    /// A prompt-cache marker for the whole request (§2.5).
    pub cache_control: Option<CacheControl>,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions.
    System,
    /// Instructions, by their newer name.
    Developer,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// A tool's result.
    Tool,
}

/// One message.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    /// Who speaks.
    pub role: Role,
    /// What is said; text given as a plain string is one text part. Pictures that an assistant drew
    /// stand behind what it says.
    pub content: Vec<Part<'a>>,
    /// The speaker's name.
    pub name: Option<Cow<'a, str>>,
    /// Calls the assistant made.
    pub tool_calls: Vec<ToolCall<'a>>,
    /// The call a tool message answers.
    pub tool_call_id: Option<Cow<'a, str>>,
    /// Whether a tool message says that the call failed: an extension of ours, for dialects that
    /// know the difference.
    pub is_error: bool,
    /// What the assistant declined with.
    pub refusal: Option<Cow<'a, str>>,
    /// What the assistant thought, as plain text.
    pub reasoning: Option<Cow<'a, str>>,
    /// What the assistant thought, with signatures.
    pub reasoning_details: Vec<ReasoningDetail>,
    /// A prompt-cache marker behind the whole message.
    pub cache_control: Option<CacheControl>,
}

/// A piece of a message.
#[derive(Debug, Clone)]
pub enum Part<'a> {
    /// Text.
    Text {
        /// The text.
        text: Cow<'a, str>,
        /// A prompt-cache marker behind it.
        cache_control: Option<CacheControl>,
    },
    /// An image.
    Image {
        /// An http(s) URL or a data URI.
        url: Cow<'a, str>,
        /// How closely to look: auto, low, high, original.
        detail: Option<Cow<'a, str>>,
        /// A prompt-cache marker behind it.
        cache_control: Option<CacheControl>,
    },
    /// Sound.
    Audio {
        /// Base64.
        data: Cow<'a, str>,
        /// wav, mp3, flac, m4a, ogg, aiff, aac, pcm16, pcm24.
        format: Cow<'a, str>,
    },
    /// Film.
    Video {
        /// An http(s) URL or a data URI.
        url: Cow<'a, str>,
    },
    /// A document.
    File {
        /// Its name.
        filename: Option<Cow<'a, str>>,
        /// An http(s) URL or a data URI.
        data: Option<Cow<'a, str>>,
        /// An uploaded file.
        file_id: Option<Cow<'a, str>>,
        /// A prompt-cache marker behind it.
        cache_control: Option<CacheControl>,
    },
}

/// A call of a tool.
#[derive(Debug, Clone)]
pub struct ToolCall<'a> {
    /// Its id, which the result repeats.
    pub id: Cow<'a, str>,
    /// The function.
    pub name: Cow<'a, str>,
    /// Its arguments: JSON as text.
    pub arguments: Cow<'a, str>,
}

/// A prompt-cache marker (§2.5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheControl {
    /// Always `ephemeral`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `5m` or `1h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<String>,
}

impl<'a> ChatRequest<'a> {
    pub(super) fn build(call: &'a ChatCall) -> Result<Self, BadRequest> {
        let mut request = Self {
            params: call.params(),
            messages: Vec::new(),
            tools: Vec::new(),
            tool_choice: None,
            cache_control: None,
        };
        let mut chosen = None;
        for (key, raw) in call.members().filter(|(_, raw)| *raw != "null") {
            match key {
                "messages" => {
                    let objects: Vec<MessageObject<'a>> = read(key, raw)?;
                    request.messages = objects.into_iter().map(Message::from).collect();
                }
                "prompt" => request.messages.push(Message::user(read(key, raw)?)),
                "tools" => {
                    let objects: Vec<ToolObject<'a>> = read(key, raw)?;
                    let tools = objects.into_iter().enumerate();
                    request.tools =
                        tools.map(|(index, tool)| tool.read(index)).collect::<Result<_, _>>()?;
                }
                "tool_choice" => chosen = Some(Chosen::read(raw)?),
                "cache_control" => request.cache_control = Some(read(key, raw)?),
                _ => {}
            }
        }
        if let Some(chosen) = chosen {
            request.tool_choice = chosen.narrow(&mut request.tools)?;
        }
        Ok(request)
    }
}

impl<'a> Message<'a> {
    fn user(text: Cow<'a, str>) -> Self {
        Self {
            role: Role::User,
            content: vec![Part::Text { text, cache_control: None }],
            name: None,
            tool_calls: Vec::new(),
            tool_call_id: None,
            is_error: false,
            refusal: None,
            reasoning: None,
            reasoning_details: Vec::new(),
            cache_control: None,
        }
    }

    /// The text of the message, parts joined; other parts are passed over.
    pub fn text(&self) -> Cow<'_, str> {
        let mut texts = self.content.iter().filter_map(|part| match part {
            Part::Text { text, .. } => Some(text.as_ref()),
            _ => None,
        });
        match (texts.next(), texts.next()) {
            (None, _) => Cow::Borrowed(""),
            (Some(only), None) => Cow::Borrowed(only),
            (Some(first), Some(second)) => {
                let mut joined = format!("{first}{second}");
                joined.extend(texts);
                Cow::Owned(joined)
            }
        }
    }
}

fn read<'a, T: Deserialize<'a>>(key: &str, raw: &'a str) -> Result<T, BadRequest> {
    serde_json::from_str(raw).map_err(|error| {
        let text = error.to_string();
        let reason = text.split(" at line").next().unwrap_or_default();
        BadRequest::new(format!("{key}: {reason}"))
    })
}

#[derive(Deserialize)]
struct MessageObject<'a> {
    role: Role,
    #[serde(borrow, default)]
    content: Option<Content<'a>>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<ToolCallObject<'a>>>,
    #[serde(borrow, default)]
    tool_call_id: Option<Cow<'a, str>>,
    #[serde(default)]
    is_error: Option<bool>,
    #[serde(borrow, default)]
    images: Option<Images<'a>>,
    #[serde(borrow, default)]
    refusal: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    reasoning: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    reasoning_content: Option<Cow<'a, str>>,
    #[serde(default)]
    reasoning_details: Option<Vec<ReasoningDetail>>,
    #[serde(default)]
    cache_control: Option<CacheControl>,
}

/// Pictures of an earlier answer (§3.1). Nothing else by that name is looked at.
#[derive(Deserialize)]
#[serde(untagged)]
enum Images<'a> {
    Drawn(#[serde(borrow)] Vec<ImageObject<'a>>),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
struct ImageObject<'a> {
    #[serde(borrow)]
    image_url: UrlObject<'a>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Parts(#[serde(borrow)] Vec<PartObject<'a>>),
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum PartObject<'a> {
    Text {
        #[serde(borrow)]
        text: Cow<'a, str>,
        cache_control: Option<CacheControl>,
        prompt_cache_breakpoint: Option<IgnoredAny>,
    },
    Refusal {
        #[serde(borrow)]
        refusal: Cow<'a, str>,
    },
    ImageUrl {
        #[serde(borrow)]
        image_url: UrlObject<'a>,
        cache_control: Option<CacheControl>,
    },
    InputAudio {
        #[serde(borrow)]
        input_audio: AudioObject<'a>,
    },
    #[serde(alias = "input_video")]
    VideoUrl {
        #[serde(borrow)]
        video_url: UrlObject<'a>,
    },
    File {
        #[serde(borrow)]
        file: FileObject<'a>,
        cache_control: Option<CacheControl>,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum UrlObject<'a> {
    Short(#[serde(borrow)] Cow<'a, str>),
    Long {
        #[serde(borrow)]
        url: Cow<'a, str>,
        #[serde(borrow, default)]
        detail: Option<Cow<'a, str>>,
    },
}

#[derive(Deserialize)]
struct AudioObject<'a> {
    #[serde(borrow)]
    data: Cow<'a, str>,
    #[serde(borrow)]
    format: Cow<'a, str>,
}

#[derive(Deserialize)]
struct FileObject<'a> {
    #[serde(borrow, default)]
    filename: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    file_data: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    file_id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct ToolCallObject<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    #[serde(borrow, alias = "custom")]
    function: CalledFunction<'a>,
}

#[derive(Deserialize)]
struct CalledFunction<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    arguments: Cow<'a, str>,
    /// What a custom tool takes instead.
    #[serde(borrow, default)]
    input: Option<Cow<'a, str>>,
}

impl<'a> From<MessageObject<'a>> for Message<'a> {
    fn from(it: MessageObject<'a>) -> Self {
        let mut content = match it.content {
            None => Vec::new(),
            Some(Content::Text(text)) => vec![Part::Text { text, cache_control: None }],
            Some(Content::Parts(parts)) => parts.into_iter().map(Part::from).collect(),
        };
        if let (Some(Images::Drawn(images)), Role::Assistant) = (it.images, it.role) {
            let urls = images.into_iter().map(|image| image.image_url.split());
            content.extend(urls.map(|(url, detail)| {
                let cache_control = None;
                Part::Image { url, detail, cache_control }
            }));
        }
        Self {
            role: it.role,
            content,
            name: it.name,
            tool_calls: it.tool_calls.unwrap_or_default().into_iter().map(ToolCall::from).collect(),
            tool_call_id: it.tool_call_id,
            is_error: it.is_error.unwrap_or(false),
            refusal: it.refusal,
            reasoning: it.reasoning.or(it.reasoning_content),
            reasoning_details: it.reasoning_details.unwrap_or_default(),
            cache_control: it.cache_control,
        }
    }
}

impl<'a> From<ToolCallObject<'a>> for ToolCall<'a> {
    fn from(it: ToolCallObject<'a>) -> Self {
        let CalledFunction { name, arguments, input } = it.function;
        let arguments = match input.filter(|_| arguments.is_empty()) {
            Some(input) => Cow::Owned(CustomArguments { input }.to_json()),
            None => arguments,
        };
        Self { id: it.id, name, arguments }
    }
}

impl<'a> From<PartObject<'a>> for Part<'a> {
    fn from(it: PartObject<'a>) -> Self {
        match it {
            // Two spellings of one wish (contract §2.5).
            PartObject::Text { text, cache_control, prompt_cache_breakpoint } => {
                let ephemeral = CacheControl { kind: "ephemeral".to_owned(), ttl: None };
                let marked = prompt_cache_breakpoint.map(|_| ephemeral);
                Self::Text { text, cache_control: cache_control.or(marked) }
            }
            PartObject::Refusal { refusal } => Self::Text { text: refusal, cache_control: None },
            PartObject::ImageUrl { image_url, cache_control } => {
                let (url, detail) = image_url.split();
                Self::Image { url, detail, cache_control }
            }
            PartObject::InputAudio { input_audio } => {
                Self::Audio { data: input_audio.data, format: input_audio.format }
            }
            PartObject::VideoUrl { video_url } => Self::Video { url: video_url.split().0 },
            PartObject::File { file, cache_control } => Self::File {
                filename: file.filename,
                data: file.file_data.map(in_base64),
                file_id: file.file_id,
                cache_control,
            },
        }
    }
}

impl<'a> UrlObject<'a> {
    fn split(self) -> (Cow<'a, str>, Option<Cow<'a, str>>) {
        match self {
            Self::Short(url) => (in_base64(url), None),
            Self::Long { url, detail } => (in_base64(url), detail),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn messages_become_values() {
        let call = ChatCall::read(Bytes::from_static(
            br#"{"messages":[{"role":"user","content":[{"type":"text","text":"a\nb"},{"type":"image_url","image_url":{"url":"data:,x","detail":"low"}}]},
              {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}],
               "reasoning_details":[{"type":"reasoning.text","text":"hm","signature":"s","format":"anthropic-claude-v1","index":0}]},
              {"role":"tool","tool_call_id":"c1","content":"ok"}],
              "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":{"type":"function","function":{"name":"f"}}}"#,
        ))
        .unwrap();
        let request = call.typed().unwrap();
        assert_eq!(request.messages[0].text(), "a\nb");
        assert!(
            matches!(&request.messages[0].content[1], Part::Image { url, .. } if url == "data:;base64,eA==")
        );
        assert_eq!(request.messages[1].tool_calls[0].arguments, r#"{"a":1}"#);
        assert_eq!(request.messages[1].reasoning_details[0].text(), "hm");
        assert_eq!(request.messages[2].tool_call_id.as_deref(), Some("c1"));
        assert_eq!(request.tools[0].parameters.unwrap().get(), r#"{"type":"object"}"#);
        assert_eq!(request.tool_choice, Some(ToolChoice::Function("f".to_owned())));
    }

    fn offered(rest: &str) -> Result<(Vec<String>, Option<ToolChoice>), String> {
        let tools = r#"[{"type":"function","function":{"name":"f"}},{"type":"custom","custom":{"name":"p"}},{"type":"function","function":{"name":"g"}}]"#;
        let body = format!(
            r#"{{"tool_choice":{rest},"messages":[{{"role":"user","content":"hi"}}],"tools":{tools}}}"#
        );
        let call = ChatCall::read(Bytes::from(body)).unwrap();
        let request = call.typed().map_err(|error| error.message().to_owned())?;
        let names = request.tools.iter().map(|tool| tool.name.to_string());
        Ok((names.collect(), request.tool_choice))
    }

    #[test]
    fn a_choice_names_tools_of_either_kind_and_narrows_the_offer() {
        let names = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let one = |name: &str| Some(ToolChoice::Function(name.to_owned()));
        for (choice, tools, expected) in [
            (r#""any""#, &["f", "p", "g"][..], Some(ToolChoice::Required)),
            (r#"{"type":"function","function":{"name":"g"}}"#, &["f", "p", "g"], one("g")),
            (r#"{"type":"custom","custom":{"name":"p"}}"#, &["f", "p", "g"], one("p")),
            (
                r#"{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"custom","custom":{"name":"p"}},{"type":"function","function":{"name":"g"}},{"type":"function","function":{"name":"x"}}]}}"#,
                &["p", "g"],
                Some(ToolChoice::Required),
            ),
            (r#"{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[]}}"#, &[], None),
        ] {
            assert_eq!(offered(choice).unwrap(), (names(tools), expected), "{choice}");
        }
        for (choice, message) in [
            (
                r#"{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[]}}"#,
                "tool_choice: A call is required, but none of the allowed tools is offered",
            ),
            (
                r#"{"type":"web_search"}"#,
                "tool_choice: Expected none, auto, required or an object with function, custom or allowed_tools, received object",
            ),
        ] {
            assert_eq!(offered(choice).unwrap_err(), message);
        }
    }

    #[test]
    fn a_custom_tool_is_a_function_that_takes_a_string() {
        let call = ChatCall::read(Bytes::from_static(
            br#"{"messages":[{"role":"user","content":"hi"},
              {"role":"assistant","tool_calls":[{"id":"c1","type":"custom","custom":{"name":"p","input":"a \"b\""}}]},
              {"role":"tool","tool_call_id":"c1","content":"ok"}],
              "tools":[{"type":"custom","custom":{"name":"p","description":"d","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"start: A"}}},"cache_control":{"type":"ephemeral"}},
                {"type":"custom","custom":{"name":"q","format":{"type":"text"}}}]}"#,
        ))
        .unwrap();
        assert_eq!(call.survey().tools, 2);
        let request = call.typed().unwrap();
        let called = &request.messages[1].tool_calls[0];
        assert_eq!((&*called.name, &*called.arguments), ("p", r#"{"input":"a \"b\""}"#));
        let [p, q] = request.tools.as_slice() else { panic!() };
        let told = "d\n\n`input` must match this lark grammar:\nstart: A";
        assert_eq!((p.description.as_deref(), q.description.as_deref()), (Some(told), None));
        assert!(p.cache_control.is_some());
        let schema = r#"{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}"#;
        for tool in [p, q] {
            assert_eq!(tool.parameters.unwrap().get(), schema);
        }
    }

    #[test]
    fn what_an_assistant_drew_stands_behind_what_it_says() {
        let call = ChatCall::read(Bytes::from_static(
            br#"{"messages":[
              {"role":"assistant","content":"A boat.","images":[{"type":"image_url","image_url":{"url":"data:,x"},"index":0}]},
              {"role":"assistant","content":"None.","images":"many"},
              {"role":"user","content":"hi","images":[{"image_url":"data:,x"}]}]}"#,
        ))
        .unwrap();
        let request = call.typed().unwrap();
        let [drawn, odd, user] = request.messages.as_slice() else { panic!() };
        assert!(matches!(drawn.content.as_slice(),
            [Part::Text { .. }, Part::Image { url, .. }] if url == "data:;base64,eA=="));
        assert_eq!((odd.content.len(), user.content.len()), (1, 1));
    }

    #[test]
    fn a_breakpoint_is_a_cache_marker() {
        let call = ChatCall::read(Bytes::from_static(
            br#"{"messages":[{"role":"user","content":[
              {"type":"text","text":"a","prompt_cache_breakpoint":{"mode":"explicit"}},
              {"type":"text","text":"b","prompt_cache_breakpoint":null},
              {"type":"text","text":"c","prompt_cache_breakpoint":{"mode":"explicit"},"cache_control":{"type":"ephemeral","ttl":"1h"}}]}]}"#,
        ))
        .unwrap();
        let request = call.typed().unwrap();
        let ttl = |part: &Part<'_>| match part {
            Part::Text { cache_control, .. } => cache_control.clone().map(|it| it.ttl),
            _ => None,
        };
        let marks: Vec<_> = request.messages[0].content.iter().map(ttl).collect();
        assert_eq!(marks, [Some(None), None, Some(Some("1h".to_owned()))]);
    }

    #[test]
    fn a_malformed_message_is_named() {
        let call = ChatCall::read(Bytes::from_static(
            br#"{"messages":[{"role":"assistant","content":"x","tool_calls":[{"id":7}]}]}"#,
        ))
        .unwrap();
        let error = call.typed().unwrap_err();
        assert_eq!(error.message(), "messages: invalid type: integer `7`, expected a string");
    }
}
