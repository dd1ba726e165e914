//! Tools and which of them to call (contract §2.3).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tollgate_wire::chat::{ChatRequest, Tool, ToolChoice};

use crate::Outbound;
use crate::encoding::takes;

/// One tool.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ToolObject<'a> {
    /// The caller's own.
    Function {
        /// Its name.
        name: &'a str,
        /// What it does.
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        /// Its arguments as a JSON schema, as the caller wrote it.
        parameters: Cow<'a, RawValue>,
        /// Always said: here it is on unless switched off, in chat the other way round.
        strict: bool,
    },
    /// The provider searches the web.
    WebSearch(WebSearch<'a>),
    /// The provider makes images.
    ImageGeneration,
}

/// Which tool must be called.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Choice<'a> {
    /// One of the words.
    Word(&'static str),
    /// This one.
    Function {
        /// Always `function`.
        #[serde(rename = "type")]
        kind: &'static str,
        /// Its name.
        name: &'a str,
    },
}

/// How to search.
#[derive(Debug, Serialize)]
pub(super) struct WebSearch<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    search_context_size: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_location: Option<Location<'a>>,
}

#[derive(Debug, Serialize)]
struct Location<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    place: Place<'a>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
struct Place<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    country: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    region: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    city: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    timezone: Option<Cow<'a, str>>,
}

/// `web_search_options` of a chat request.
#[derive(Deserialize)]
struct SearchOptions<'a> {
    #[serde(borrow, default)]
    search_context_size: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    user_location: Option<ChatLocation<'a>>,
}

#[derive(Deserialize)]
struct ChatLocation<'a> {
    #[serde(borrow, default)]
    approximate: Option<Place<'a>>,
}

/// The tools offered: the caller's, and the provider's own where chat has a parameter for what
/// they do.
pub(super) fn offered<'a>(
    request: &'a ChatRequest<'a>,
    outbound: &Outbound<'a>,
) -> Vec<ToolObject<'a>> {
    let mut tools: Vec<ToolObject<'a>> = request.tools.iter().map(function).collect();
    let options = outbound.call.member("web_search_options");
    if let Some(options) = options.filter(|_| takes(&outbound.target, "web_search_options")) {
        tools.push(ToolObject::WebSearch(search(options)));
    }
    if request.params.modalities.iter().any(|it| it == "image") {
        tools.push(ToolObject::ImageGeneration);
    }
    tools
}

/// The choice among them.
pub(super) fn choice<'a>(
    request: &'a ChatRequest<'a>,
    tools: &[ToolObject<'_>],
) -> Option<Choice<'a>> {
    if tools.is_empty() {
        return None;
    }
    Some(match request.tool_choice.as_ref()? {
        ToolChoice::None => Choice::Word("none"),
        ToolChoice::Auto => Choice::Word("auto"),
        ToolChoice::Required => Choice::Word("required"),
        ToolChoice::Function(name) => Choice::Function { kind: "function", name },
    })
}

fn function<'a>(tool: &'a Tool<'a>) -> ToolObject<'a> {
    ToolObject::Function {
        name: &tool.name,
        description: tool.description.as_deref(),
        parameters: tool.parameters.map_or_else(|| Cow::Owned(no_parameters()), Cow::Borrowed),
        strict: tool.strict.unwrap_or(false),
    }
}

fn no_parameters() -> Box<RawValue> {
    RawValue::from_string(r#"{"type":"object","properties":{}}"#.to_owned()).unwrap_or_default()
}

/// Options that can't be read are as good as none: the caller wants a search all the same.
fn search(options: &str) -> WebSearch<'_> {
    let options = serde_json::from_str::<SearchOptions<'_>>(options).ok();
    let (size, location) =
        options.map_or((None, None), |it| (it.search_context_size, it.user_location));
    WebSearch {
        search_context_size: size,
        user_location: location
            .and_then(|it| it.approximate)
            .map(|place| Location { kind: "approximate", place }),
    }
}
