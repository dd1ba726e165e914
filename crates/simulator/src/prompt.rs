//! What was asked, whatever the protocol: each protocol's request is read into a [`Prompt`], and
//! the models only ever see that. So a model does the same in every protocol.

use std::fmt::Write as _;

use serde_json::Value;

use crate::random;
use crate::tokens::{self, IMAGE_TOKENS};

/// One request for an answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prompt {
    pub(crate) system: String,
    pub(crate) turns: Vec<Turn>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) choice: ToolChoice,
    /// At most one tool may be called.
    pub(crate) one_call: bool,
    pub(crate) format: Format,
    pub(crate) tokens_max: Option<u64>,
    pub(crate) stops: Vec<String>,
    pub(crate) seed: u64,
    pub(crate) thinking: Thinking,
    pub(crate) cache_mark: CacheMark,
}

/// One message.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) role: Role,
    pub(crate) parts: Vec<Part>,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    User,
    Assistant,
    Tool,
}

/// A piece of a message.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Text(String),
    Image(Image),
    /// A call that the assistant made earlier.
    Call {
        id: String,
        name: String,
        arguments: String,
    },
    /// What a tool answered.
    Result {
        id: String,
        name: Option<String>,
        content: String,
    },
}

/// An image, as far as the simulator looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Image {
    Inline { media_type: String, bytes: usize },
    Url(String),
}

/// A tool on offer.
#[derive(Clone, Debug)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) schema: Value,
}

/// Whether tools may or must be called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum ToolChoice {
    #[default]
    Auto,
    None,
    /// At least one of these; any, when the list is empty.
    Forced(Vec<String>),
}

/// The form that the answer must have.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Format {
    #[default]
    Text,
    Object,
    Schema(Value),
}

/// Whether the caller wants reasoning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Thinking {
    #[default]
    Off,
    /// Reasoning is done and counted, but not shown.
    Hidden,
    Shown,
}

/// Whether the caller marked a part of the prompt for the provider's cache, and for how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CacheMark {
    #[default]
    None,
    FiveMinutes,
    Hour,
}

impl Prompt {
    /// The text of the last user message that has any.
    pub(crate) fn last_user_text(&self) -> String {
        self.turns
            .iter()
            .rev()
            .filter(|turn| turn.role == Role::User)
            .map(Turn::text)
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    }

    /// What the assistant has already begun to say, when the last message is its own.
    pub(crate) fn prefill(&self) -> Option<String> {
        let last = self.turns.last().filter(|turn| turn.role == Role::Assistant)?;
        Some(last.text()).filter(|text| !text.is_empty())
    }

    /// The images of the whole conversation.
    pub(crate) fn images(&self) -> impl Iterator<Item = &Image> {
        self.turns.iter().flat_map(|turn| &turn.parts).filter_map(|part| match part {
            Part::Image(image) => Some(image),
            Part::Text(_) | Part::Call { .. } | Part::Result { .. } => None,
        })
    }

    /// The tool results since the assistant last spoke, as `name: content`.
    pub(crate) fn results(&self) -> Vec<String> {
        let begin = self
            .turns
            .iter()
            .rposition(|turn| turn.role == Role::Assistant)
            .map_or(0, |assistant| assistant + 1);
        let fresh = self.turns.iter().skip(begin).flat_map(|turn| &turn.parts);
        fresh
            .filter_map(|part| match part {
                Part::Result { id, name, content } => {
                    let named = name.as_deref().or_else(|| self.call_name(id));
                    Some(format!("{}: {content}", named.unwrap_or(id)))
                }
                Part::Text(_) | Part::Image(_) | Part::Call { .. } => None,
            })
            .collect()
    }

    /// Tokens in everything that was sent.
    pub(crate) fn tokens(&self) -> u64 {
        let turns = self.turns.iter().flat_map(|turn| &turn.parts).map(Part::tokens).sum::<u64>();
        let tools = self.tools.iter().map(Tool::tokens).sum::<u64>();
        (tokens::count(&self.system) + turns + tools).max(1)
    }

    /// A number for what was asked. What the assistant has already begun to say does not change
    /// it, so that an answer that is continued elsewhere goes on with the same text.
    pub(crate) fn fingerprint(&self) -> u64 {
        let asked = match self.prefill() {
            Some(_) => self.turns.len().saturating_sub(1),
            None => self.turns.len(),
        };
        let start = random::hash(self.seed, &self.system);
        self.turns.iter().take(asked).fold(start, |hash, turn| random::hash(hash, &turn.text()))
    }

    fn call_name(&self, call_id: &str) -> Option<&str> {
        self.turns.iter().flat_map(|turn| &turn.parts).find_map(|part| match part {
            Part::Call { id, name, .. } if id == call_id => Some(name.as_str()),
            Part::Call { .. } | Part::Text(_) | Part::Image(_) | Part::Result { .. } => None,
        })
    }
}

impl Turn {
    /// The text parts, one a line.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for part in &self.parts {
            if let Part::Text(more) = part {
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(more);
            }
        }
        text
    }
}

impl Part {
    fn tokens(&self) -> u64 {
        match self {
            Self::Text(text) => tokens::count(text),
            Self::Image(_) => IMAGE_TOKENS,
            Self::Call { name, arguments, .. } => tokens::count(name) + tokens::count(arguments),
            Self::Result { content, .. } => tokens::count(content),
        }
    }
}

impl Tool {
    fn tokens(&self) -> u64 {
        let mut text = String::new();
        // Writing to a String can't fail.
        let _written = write!(text, "{} {} {}", self.name, self.description, self.schema);
        tokens::count(&text)
    }
}

impl Image {
    /// Reads a `data:` URI or takes the URL as it is.
    pub(crate) fn from_url(url: &str) -> Self {
        let inline = url.strip_prefix("data:").and_then(|rest| rest.split_once(','));
        match inline {
            Some((head, data)) => {
                let media_type = head.split(';').next().unwrap_or_default();
                Self::from_base64(media_type, data)
            }
            None => Self::Url(url.to_owned()),
        }
    }

    /// Measures base64 data; data that can't be decoded measures 0 bytes.
    pub(crate) fn from_base64(media_type: &str, data: &str) -> Self {
        use base64::Engine as _;
        // Google's clients use the alphabet of URLs.
        let data = data.trim().replace('-', "+").replace('_', "/");
        let decoded = base64::engine::general_purpose::STANDARD.decode(data);
        let bytes = decoded.map_or(0, |bytes| bytes.len());
        Self::Inline { media_type: media_type.to_owned(), bytes }
    }

    /// The line that models put for an image.
    pub(crate) fn line(&self) -> String {
        match self {
            Self::Inline { media_type, bytes } => format!("[image: {media_type}, {bytes} bytes]"),
            Self::Url(url) => format!("[image: {url}]"),
        }
    }
}
